package io.hypervisor.cluster.network;

import static org.awaitility.Awaitility.await;

import io.hypervisor.api.v1.Port;
import io.hypervisor.network.testing.Guest;

import org.awaitility.core.ConditionTimeoutException;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

/** A port with the guest behind it. */
final class Endpoint {
    private static final Duration SOON = Duration.ofSeconds(15);

    final Lan lan;
    final NetworkHost host;
    final Port port;
    final Guest guest;
    final String ip;
    final String ip6;

    Endpoint(Lan lan, NetworkHost host, Port port, Guest guest, String ip6) {
        this.lan = lan;
        this.host = host;
        this.port = port;
        this.guest = guest;
        this.ip = port.getIpAddress();
        this.ip6 = ip6;
    }

    /** Sets addresses and gateways by hand. */
    void configure() {
        guest.run("ip", "link", "set", "eth0", "mtu", "" + lan.network.getMtu());
        guest.address(ip + suffix(lan.v4.getCidr()));
        guest.address(ip6 + suffix(lan.v6.getCidr()));
        guest.run("ip", "route", "add", "default", "via", lan.v4.getGatewayIp());
        // An advertisement may have brought one.
        guest.run("ip", "-6", "route", "replace", "default", "via", lan.v6.getGatewayIp());
    }

    private static String suffix(String cidr) {
        return cidr.substring(cidr.indexOf('/'));
    }

    /** Waits until a ping is answered. */
    void reaches(String address) {
        awaitTrue("a ping to " + address, () -> pings(address));
    }

    private void awaitTrue(String what, Callable<Boolean> condition) {
        try {
            await().atMost(SOON).until(condition);
        } catch (ConditionTimeoutException e) {
            lan.describe();
            throw new AssertionError(what + " is not answered (from " + ip + ", " + ip6 + ")", e);
        }
    }

    /** Whether one of two pings is answered. */
    boolean pings(String address) {
        return guest.attempt("ping", "-n", "-c", "2", "-i", "0.2", "-W", "1", address).ok();
    }

    /** Checks that two pings are not answered. */
    void doesNotReach(String address) {
        if (pings(address)) {
            throw new AssertionError(ip + " reaches " + address + " (expected: not)");
        }
    }

    /** Waits until a ping with so many bytes of payload, not to be cut into pieces, is answered. */
    void reachesWith(String address, int payload) {
        awaitTrue(
                "a large ping to " + address, () -> ping(address, "-M", "do", "-s", "" + payload));
    }

    /** Waits until a ping with so many bytes of payload, cut into pieces, is answered. */
    void reachesInPieces(String address, int payload) {
        awaitTrue(
                "a ping in pieces to " + address,
                () -> ping(address, "-M", "dont", "-s", "" + payload));
    }

    /** Whether a ping with these options is answered. */
    boolean ping(String address, String... options) {
        List<String> command = new ArrayList<>(List.of("ping", "-n", "-c", "1", "-W", "3"));
        command.addAll(List.of(options));
        command.add(address);
        return guest.attempt(command.toArray(String[]::new)).ok();
    }

    /** Starts to answer on a TCP and UDP port, in both families, with what it gets. */
    void serve(int port) {
        Path log = Path.of("/dev/null");
        guest.start(log, "socat", "TCP6-LISTEN:" + port + ",ipv6only=0,fork,reuseaddr", "EXEC:cat");
        guest.start(log, "socat", "UDP6-RECVFROM:" + port + ",ipv6only=0,fork", "EXEC:cat");
        await().atMost(SOON)
                .until(() -> guest.attempt("ss", "-lntuH").output().split(":" + port).length > 2);
    }

    /** Whether a TCP server answers. */
    boolean tcp(String address, int port) {
        return echoed(address, port, 5) == 5;
    }

    /** Whether a UDP server answers. */
    boolean udp(String address, int port) {
        return echoed("1", target("UDP", address, port), 5) == 5;
    }

    /** Waits until a TCP server answers. */
    void reachesTcp(String address, int port) {
        awaitTrue("TCP to " + address + ":" + port, () -> tcp(address, port));
    }

    /** Waits until a UDP server answers. */
    void reachesUdp(String address, int port) {
        awaitTrue("UDP to " + address + ":" + port, () -> udp(address, port));
    }

    /** How many of so many bytes a TCP server sends back. */
    long echoed(String address, int port, int bytes) {
        return echoed("20", target("TCP", address, port) + ",connect-timeout=1", bytes);
    }

    private long echoed(String seconds, String target, int bytes) {
        String script = "head -c $0 /dev/zero | timeout 30 socat -t$1 - $2 2>/dev/null | wc -c";
        return Long.parseLong(
                guest.attempt("sh", "-c", script, "" + bytes, seconds, target).output().strip());
    }

    private static String target(String protocol, String address, int port) {
        return address.contains(":")
                ? protocol + "6:[" + address + "]:" + port
                : protocol + "4:" + address + ":" + port;
    }

    /** What arrived, and how long it was sent. */
    record Received(long bytes, double seconds) {}

    /** Lets another one send so many bytes by UDP, as fast as it can. */
    Received receives(Endpoint from, int bytes) {
        try {
            Path file = Files.createTempFile("received", "");
            Process server = guest.start(file, "socat", "-u", "UDP4-RECV:9", "-");
            await().atMost(SOON).until(() -> guest.attempt("ss", "-lnuH").output().contains(":9 "));
            long began = System.nanoTime();
            from.guest.run(
                    "socat",
                    "-u",
                    "-b",
                    "1000",
                    "OPEN:/dev/zero,readbytes=" + bytes,
                    "UDP4-SENDTO:" + ip + ":9");
            // What is under way arrives before what is sent now.
            long ended = System.nanoTime();
            from.reaches(ip);
            server.destroyForcibly().onExit().join();
            long size = Files.size(file);
            Files.delete(file);
            return new Received(size, (ended - began) / 1e9);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
