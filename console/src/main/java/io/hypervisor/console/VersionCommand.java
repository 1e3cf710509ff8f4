package io.hypervisor.console;

import com.google.protobuf.Empty;

import io.hypervisor.api.v1.ClusterInfo;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

@Command(name = "version", description = "Show the versions of hvctl and of the controller.")
final class VersionCommand implements Runnable {
    @ParentCommand Hvctl hvctl;

    @Option(names = "--client", description = "Only hvctl's; asks no server.")
    boolean client;

    @Override
    public void run() {
        hvctl.surroundings().out().println("hvctl       " + own());
        if (!client) {
            ClusterInfo info = hvctl.session().cluster().getClusterInfo(Empty.getDefaultInstance());
            hvctl.surroundings()
                    .out()
                    .println(
                            "controller  " + info.getVersion() + " at " + hvctl.session().server());
        }
    }

    /** The version that was built. */
    static String own() {
        try (InputStream in = VersionCommand.class.getResourceAsStream("version.txt")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).strip();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read version.txt", e);
        }
    }
}
