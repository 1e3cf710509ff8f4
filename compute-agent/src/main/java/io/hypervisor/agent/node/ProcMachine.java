package io.hypervisor.agent.node;

import io.hypervisor.api.v1.Resources;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/** Reads this machine. */
final class ProcMachine implements Machine {
    private final Path proc;
    private final Path disk;

    ProcMachine(Path proc, Path disk) {
        this.proc = proc;
        this.disk = disk;
    }

    @Override
    public Resources capacity() {
        return Resources.newBuilder()
                .setCpuCores(Runtime.getRuntime().availableProcessors())
                .setMemoryBytes(memory().total())
                .setDiskBytes(disk().total())
                .build();
    }

    @Override
    public Amount memory() {
        try {
            Map<String, Long> kib = new HashMap<>();
            for (String line : Files.readAllLines(proc.resolve("meminfo"))) {
                String[] words = line.split("[: ]+", 3);
                kib.put(words[0], Long.parseLong(words[1].strip()));
            }
            return new Amount(
                    1024 * kib.getOrDefault("MemTotal", 0L),
                    1024 * kib.getOrDefault("MemAvailable", 0L));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + proc.resolve("meminfo"), e);
        }
    }

    @Override
    public Amount disk() {
        try {
            FileStore store = Files.getFileStore(disk);
            return new Amount(store.getTotalSpace(), store.getUsableSpace());
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the disk of " + disk, e);
        }
    }

    @Override
    public String kernel() {
        try {
            return Files.readString(proc.resolve("sys/kernel/osrelease")).strip();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the kernel's version", e);
        }
    }

    @Override
    public String hostname() {
        try {
            return Files.readString(proc.resolve("sys/kernel/hostname"))
                    .strip()
                    .toLowerCase(Locale.ROOT);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the host's name", e);
        }
    }
}
