package io.hypervisor.agent.driver.guest;

import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.core.Command;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;

/**
 * Finds out whether KVM really works, by running a guest. A machine may have /dev/kvm, and say that
 * it can, and still never execute the first instruction.
 */
public final class KvmProbe {
    private static final Logger log = LoggerFactory.getLogger(KvmProbe.class);

    private static final Duration DEADLINE = Duration.ofSeconds(3);
    private static final Path DEVICE = Path.of("/dev/kvm");
    private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");
    // mov al, 21; out 0xf4, al; then hlt for ever. QEMU's isa-debug-exit ends with 2 * 21 + 1.
    private static final byte[] CODE = {
        (byte) 0xb0, 21, (byte) 0xe6, (byte) 0xf4, (byte) 0xf4, (byte) 0xeb, (byte) 0xfd
    };
    private static final int EXIT_CODE = 43;
    private static final int SECTOR = 512;

    private final Path verdict;
    private final Path sector;

    /** Remembers the verdict in this folder until the machine boots anew. */
    public KvmProbe(Path folder) {
        this.verdict = folder.resolve("kvm-probe");
        this.sector = folder.resolve("kvm-probe.img");
    }

    /** Whether guests should use KVM. */
    public boolean isChosen(Acceleration acceleration) {
        return switch (acceleration) {
            case KVM -> true;
            case TCG -> false;
            case AUTO -> works();
        };
    }

    synchronized boolean works() {
        if (!Files.exists(DEVICE)) {
            return false;
        }
        try {
            String boot = Files.readString(BOOT_ID).strip();
            if (Files.exists(verdict)) {
                String known = Files.readString(verdict);
                if (known.startsWith(boot)) {
                    return known.endsWith("works");
                }
            }
            boolean works = boots("kvm");
            Files.writeString(verdict, boot + (works ? " works" : " fails"));
            if (!works) {
                log.warn("kvm=unusable effect=\"guests are emulated, which is slow\"");
            }
            return works;
        } catch (IOException e) {
            throw DriverException.passing("cannot probe KVM: " + e.getMessage(), e);
        }
    }

    /** Whether a guest of one boot sector runs to its end. */
    boolean boots(String accelerator) throws IOException {
        byte[] image = Arrays.copyOf(CODE, SECTOR);
        image[SECTOR - 2] = 0x55;
        image[SECTOR - 1] = (byte) 0xaa;
        Files.write(sector, image);
        try {
            Command.Ended guest =
                    Command.run(
                            DEADLINE,
                            List.of(
                                    "qemu-system-x86_64",
                                    "-machine",
                                    "pc,accel=" + accelerator,
                                    "-m",
                                    "16",
                                    "-nodefaults",
                                    "-no-user-config",
                                    "-display",
                                    "none",
                                    // A comma in a path is written twice.
                                    "-drive",
                                    "if=floppy,format=raw,readonly=on,file="
                                            + sector.toString().replace(",", ",,"),
                                    "-device",
                                    "isa-debug-exit,iobase=0xf4,iosize=4"));
            return guest.code().equals(OptionalInt.of(EXIT_CODE));
        } finally {
            Files.deleteIfExists(sector);
        }
    }
}
