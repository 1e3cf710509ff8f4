package io.hypervisor.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/**
 * The packaged processes as deploy/process starts them, on free ports of the loopback address and
 * in folders of their own. Closing ends them all.
 */
public final class Processes implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofMinutes(3);

    private final Path top;
    private final Path folder;
    private final List<Process> running = new CopyOnWriteArrayList<>();
    private final HttpClient http = HttpClient.newHttpClient();
    private int started;

    /**
     * Keeps everything in a folder.
     *
     * @param top the checkout, built
     */
    public Processes(Path top, Path folder) {
        this.top = top;
        this.folder = folder;
        // A run that is interrupted leaves nothing behind either.
        Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().unstarted(this::stopAll));
    }

    /** One that was started. */
    public record Started(Process process, String grpc, String http, Path data, Path log) {
        /**
         * A connection to its gRPC port, which the caller shuts down. Callbacks run on its own
         * thread: a client that hands each answer over measures its hand-overs.
         */
        public ManagedChannel connect() {
            return NettyChannelBuilder.forTarget(grpc).usePlaintext().directExecutor().build();
        }

        /** Its share of the machine's memory, in bytes. */
        public double memory() {
            return 1024.0
                    * Machine.kilobytes(
                            Path.of("/proc/" + process.pid() + "/smaps_rollup"), "Pss:");
        }

        /** Bytes of live objects, after a full collection. */
        public long heap() {
            jcmd("GC.run");
            return Arrays.stream(jcmd("GC.heap_info").split("\n"))
                            .map(String::strip)
                            // "def new generation   total 4928K, used 1024K", "tenured ...",
                            // "Metaspace"
                            .filter(l -> l.startsWith("DefNew") || l.startsWith("Tenured"))
                            .map(l -> l.replaceAll(".*used (\\d+)K.*", "$1"))
                            .mapToLong(Long::parseLong)
                            .sum()
                    * 1024;
        }

        /** Asks its Java for something. */
        public String jcmd(String... command) {
            Path jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd");
            List<String> all = new ArrayList<>(List.of(jcmd.toString(), "" + process.pid()));
            all.addAll(List.of(command));
            return output(new ProcessBuilder(all));
        }

        /** Ends it in order, and waits. */
        public void stop() {
            process.destroy();
            try {
                // deploy/run stops daemons and guests, one after the other.
                if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
                    process.destroyForcibly().waitFor();
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                process.destroyForcibly();
            }
        }
    }

    /** A folder that nothing else uses. */
    public Path newFolder(String name) {
        try {
            return Files.createDirectories(folder.resolve(name + "-" + started++));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A controller over a new, empty embedded store; returns when it is ready. */
    public Started controller(String... args) {
        return controller(newFolder("controller"), "", args);
    }

    /**
     * A controller that keeps its state in a folder; returns when it is ready.
     *
     * @param javaOpts added to those of deploy/process
     */
    public Started controller(Path data, String javaOpts, String... args) {
        return controller(data, javaOpts, freeAddress(), args);
    }

    /** A controller over a new, empty embedded store that nodes reach at an address; when ready. */
    public Started controllerAt(String address) {
        return controller(newFolder("controller"), "", address + ":50051", new String[0]);
    }

    private Started controller(Path data, String javaOpts, String grpc, String[] args) {
        String httpAddress = freeAddress();
        List<String> all =
                new ArrayList<>(
                        List.of(
                                "--data-dir=" + data,
                                "--grpc-addr=" + grpc,
                                "--http-addr=" + httpAddress));
        all.addAll(List.of(args));
        Started one = start(List.of(), "controller", data, grpc, httpAddress, javaOpts, all);
        await(one, () -> ready(one));
        return one;
    }

    /** An agent over fake drivers (the real ones come with deploy/run); returns at once. */
    public Started agent(Started controller, String hostname, String... args) {
        List<String> all = new ArrayList<>(List.of("--network.enabled=false"));
        all.addAll(List.of(args));
        return agent(List.of(), controller, hostname, all.toArray(String[]::new));
    }

    /** The same by a command that enters another place, or none, its network left to the caller. */
    public Started agent(List<String> enter, Started controller, String hostname, String... args) {
        Path data = newFolder("agent");
        String grpc = freeAddress();
        List<String> all =
                new ArrayList<>(
                        List.of(
                                "--data-dir=" + data,
                                "--grpc-addr=" + grpc,
                                "--hostname=" + hostname,
                                "--controllers=[" + controller.grpc() + "]",
                                "--drivers.fake.enabled=true",
                                "--drivers.fake.types=[vm, container]"));
        all.addAll(List.of(args));
        return start(enter, "compute-agent", data, grpc, "", "", all);
    }

    private Started start(
            List<String> enter,
            String module,
            Path data,
            String grpc,
            String httpAddress,
            String javaOpts,
            List<String> args) {
        List<String> command = new ArrayList<>(enter);
        command.addAll(List.of("deploy/process", module));
        command.addAll(args);
        Path log = folder.resolve(data.getFileName() + ".log");
        Process process =
                launch(
                        command(command.toArray(String[]::new)),
                        log,
                        Map.of(
                                "JAVA",
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "JAVA_OPTS",
                                // What somebody who profiles asks for comes first.
                                System.getenv().getOrDefault("JAVA_OPTS", "") + " " + javaOpts));
        return new Started(process, grpc, httpAddress, data, log);
    }

    /** Starts a command that ends with this object. */
    public Process launch(ProcessBuilder builder, Path log, Map<String, String> environment) {
        builder.environment().putAll(environment);
        try {
            Process process =
                    builder.redirectErrorStream(true).redirectOutput(log.toFile()).start();
            running.add(process);
            return process;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A command of the checkout. */
    public ProcessBuilder command(String... command) {
        return new ProcessBuilder(command).directory(top.toFile());
    }

    /** Runs a command to its end and returns what it printed; fails if it fails. */
    public static String output(ProcessBuilder builder) {
        try {
            Process process = builder.redirectErrorStream(true).start();
            String output = new String(process.getInputStream().readAllBytes(), UTF_8);
            if (process.waitFor() != 0) {
                throw new IllegalStateException(builder.command() + " failed: " + output);
            }
            return output;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** Whether a controller says that it can serve. */
    public boolean ready(Started controller) {
        try {
            return get(controller, "/ready").statusCode() == 200;
        } catch (UncheckedIOException e) {
            return false;
        }
    }

    /** One value of a controller's /metrics. */
    public double metric(Started controller, String name) {
        return get(controller, "/metrics")
                .body()
                .lines()
                .filter(line -> line.startsWith(name + " "))
                .map(line -> line.substring(name.length() + 1))
                .mapToDouble(Double::parseDouble)
                .findFirst()
                .orElse(0);
    }

    private HttpResponse<String> get(Started controller, String path) {
        try {
            return http.send(
                    HttpRequest.newBuilder(URI.create("http://" + controller.http() + path))
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** Waits for something that needs this process to live. */
    public static void await(Started one, BooleanSupplier condition) {
        await(one.process(), one.log(), condition);
    }

    static void await(Process process, Path log, BooleanSupplier condition) {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            if (!process.isAlive() || System.nanoTime() > end) {
                throw new IllegalStateException("not ready, its log ends: " + tail(log));
            }
            pause(Duration.ofMillis(2));
        }
    }

    static void pause(Duration time) {
        try {
            Thread.sleep(time);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private static String tail(Path log) {
        try (Stream<String> lines = Files.lines(log)) {
            List<String> all = lines.toList();
            return String.join("\n", all.subList(Math.max(0, all.size() - 15), all.size()));
        } catch (IOException e) {
            return e.toString();
        }
    }

    /** Host and port that nothing listens on. */
    public static String freeAddress() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return "127.0.0.1:" + socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        http.close();
        stopAll();
    }

    private void stopAll() {
        running.reversed().forEach(Process::destroy);
        for (Process process : running.reversed()) {
            try {
                if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
                    process.destroyForcibly();
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                process.destroyForcibly();
            }
        }
    }
}
