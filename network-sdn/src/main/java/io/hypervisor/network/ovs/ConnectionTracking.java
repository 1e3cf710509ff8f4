package io.hypervisor.network.ovs;

import io.hypervisor.core.Command;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** What the switch remembers of connections. */
final class ConnectionTracking {
    private static final Duration DEADLINE = Duration.ofSeconds(15);

    private final SwitchConfig config;

    ConnectionTracking(SwitchConfig config) {
        this.config = config;
    }

    /** Forgets the connections of a zone. */
    void flush(int zone) {
        Command.Ended ended =
                Command.run(
                        DEADLINE,
                        List.of(
                                "ovs-appctl",
                                "--target=" + control(),
                                "dpctl/flush-conntrack",
                                config.datapath() + "@ovs-" + config.datapath(),
                                "zone=" + zone));
        if (!ended.ok()) {
            throw new SwitchException(ended.failure());
        }
    }

    private Path control() {
        Path pidfile = config.rundir().resolve("ovs-vswitchd.pid");
        try {
            String pid = Files.readString(pidfile).strip();
            return config.rundir().resolve("ovs-vswitchd." + pid + ".ctl");
        } catch (IOException e) {
            throw new SwitchException("ovs-vswitchd does not run: " + e, e);
        }
    }
}
