package io.hypervisor.agent.driver.containerd;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Bytes that a process's network namespace has received and sent, without its loopback. */
record Traffic(long received, long sent) {
    private static final int SENT_COLUMN = 8;

    static Traffic of(int pid) {
        try {
            return parse(Files.readString(Path.of("/proc", Integer.toString(pid), "net", "dev")));
        } catch (IOException endedMeanwhile) {
            return new Traffic(0, 0);
        }
    }

    /** Reads the content of /proc/net/dev: two lines of titles, then one per interface. */
    static Traffic parse(String dev) {
        long received = 0;
        long sent = 0;
        for (String line : dev.lines().skip(2).toList()) {
            int colon = line.indexOf(':');
            if (colon > 0 && !line.substring(0, colon).strip().equals("lo")) {
                String[] columns = line.substring(colon + 1).strip().split("\\s+", -1);
                received += Long.parseLong(columns[0]);
                sent += Long.parseLong(columns[SENT_COLUMN]);
            }
        }
        return new Traffic(received, sent);
    }
}
