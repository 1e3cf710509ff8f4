package io.hypervisor.controller.store.etcd;

import static org.awaitility.Awaitility.await;

import io.hypervisor.controller.FreePort;
import io.hypervisor.core.server.HostPort;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** A private etcd of one or more members on free ports, gone without a trace when closed. */
public final class EtcdCluster implements AutoCloseable {
    private final Path folder;
    private final List<String> flags;
    private final List<Member> members = new ArrayList<>();

    private static final class Member {
        final String name;
        final int clientPort = FreePort.next();
        final int peerPort = FreePort.next();
        Process process;

        Member(String name) {
            this.name = name;
        }
    }

    private EtcdCluster(Path folder, List<String> flags) {
        this.folder = folder;
        this.flags = flags;
    }

    /**
     * Starts so many members and waits until they serve.
     *
     * @param flags further flags of each
     */
    public static EtcdCluster start(int members, String... flags) throws IOException {
        EtcdCluster cluster = new EtcdCluster(Files.createTempDirectory("etcd"), List.of(flags));
        for (int i = 0; i < members; i++) {
            cluster.members.add(new Member("m" + i));
        }
        for (int i = 0; i < members; i++) {
            cluster.launch(i);
        }
        for (int i = 0; i < members; i++) {
            cluster.awaitHealthy(i);
        }
        return cluster;
    }

    private void launch(int index) {
        Member member = members.get(index);
        String clientUrl = "http://127.0.0.1:" + member.clientPort;
        String peerUrl = "http://127.0.0.1:" + member.peerPort;
        ProcessBuilder command =
                new ProcessBuilder(
                                "etcd",
                                "--name=" + member.name,
                                "--data-dir=" + folder.resolve(member.name),
                                "--listen-client-urls=" + clientUrl,
                                "--advertise-client-urls=" + clientUrl,
                                "--listen-peer-urls=" + peerUrl,
                                "--initial-advertise-peer-urls=" + peerUrl,
                                "--initial-cluster=" + initialCluster(),
                                "--logger=zap",
                                "--log-level=error")
                        .redirectErrorStream(true)
                        .redirectOutput(folder.resolve(member.name + ".log").toFile());
        command.command().addAll(flags);
        member.process = run(command);
    }

    private String initialCluster() {
        return members.stream()
                .map(one -> one.name + "=http://127.0.0.1:" + one.peerPort)
                .collect(Collectors.joining(","));
    }

    private static Process run(ProcessBuilder command) {
        try {
            return command.start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void awaitHealthy(int index) {
        URI health = URI.create("http://127.0.0.1:" + members.get(index).clientPort + "/health");
        try (HttpClient http = HttpClient.newHttpClient()) {
            await().atMost(Duration.ofSeconds(60))
                    .ignoreExceptions()
                    .until(
                            () ->
                                    http.send(
                                                    HttpRequest.newBuilder(health)
                                                            .timeout(Duration.ofSeconds(2))
                                                            .build(),
                                                    HttpResponse.BodyHandlers.ofString())
                                            .body()
                                            .contains("true"));
        }
    }

    /** Where its members serve clients. */
    public List<HostPort> endpoints() {
        return members.stream().map(one -> new HostPort("127.0.0.1", one.clientPort)).toList();
    }

    /** How many members there are, running or not. */
    public int size() {
        return members.size();
    }

    /** A member's process. */
    public long pid(int index) {
        return members.get(index).process.pid();
    }

    /** Size of a member's database file. */
    public long databaseBytes(int index) {
        return folder.resolve(members.get(index).name).resolve("member/snap/db").toFile().length();
    }

    /** Ends a member as a power cut would. */
    public void kill(int index) {
        members.get(index).process.destroyForcibly().onExit().join();
    }

    /** Starts a member that was killed again, on its data, and waits until it serves. */
    public void restart(int index) {
        launch(index);
        awaitHealthy(index);
    }

    /** Starts members that were killed again, together, and waits until they serve. */
    public void restart(List<Integer> indexes) {
        for (int index : indexes) {
            launch(index);
        }
        indexes.forEach(this::awaitHealthy);
    }

    /** The member that leads, if this one knows it. */
    public Optional<Integer> leader(int asked) throws IOException {
        String leader = field(post(asked, "/v3/maintenance/status", "{}"), "leader");
        for (int i = 0; i < members.size(); i++) {
            if (i == asked || members.get(i).process.isAlive()) {
                String status = post(i, "/v3/maintenance/status", "{}");
                if (field(status, "member_id").equals(leader)) {
                    return Optional.of(i);
                }
            }
        }
        return Optional.empty();
    }

    private static String field(String json, String name) {
        Matcher matcher = Pattern.compile('"' + name + "\":\"(\\d+)\"").matcher(json);
        return matcher.find() ? matcher.group(1) : "";
    }

    /** Calls a member's HTTP gateway, past any client library, and returns the answer's text. */
    public String post(int index, String path, String json) throws IOException {
        try (InputStream answer = stream(index, path, json)) {
            return new String(answer.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /** As {@link #post}, for answers that go on. */
    public InputStream stream(int index, String path, String json) throws IOException {
        URI uri = URI.create("http://127.0.0.1:" + members.get(index).clientPort + path);
        HttpURLConnection connection = (HttpURLConnection) uri.toURL().openConnection();
        connection.setConnectTimeout(5_000);
        connection.setReadTimeout(20_000);
        connection.setDoOutput(true);
        connection.getOutputStream().write(json.getBytes(StandardCharsets.UTF_8));
        return connection.getInputStream();
    }

    /** Runs etcdctl on all members, or on one of several, and says whether it succeeded. */
    public boolean control(String... command) throws IOException {
        String endpoints =
                endpoints().stream().map(Object::toString).collect(Collectors.joining(","));
        boolean one = command[0].equals("snapshot");
        return run(
                                etcdctl(command)
                                        .redirectErrorStream(true)
                                        .redirectOutput(folder.resolve("etcdctl.log").toFile()),
                                one ? endpoints().getFirst().toString() : endpoints)
                        .onExit()
                        .join()
                        .exitValue()
                == 0;
    }

    private static ProcessBuilder etcdctl(String... command) {
        List<String> words = new ArrayList<>(List.of("etcdctl"));
        words.addAll(List.of(command));
        ProcessBuilder builder = new ProcessBuilder(words);
        builder.environment().put("ETCDCTL_API", "3");
        return builder;
    }

    private static Process run(ProcessBuilder command, String endpoints) {
        command.environment().put("ETCDCTL_ENDPOINTS", endpoints);
        return run(command);
    }

    /** Gives the room of deleted keys back, and lets etcd write again. */
    public boolean compactAndDefragment() throws IOException {
        if (!control("get", "!", "--write-out=json")) {
            return false;
        }
        Matcher revision =
                Pattern.compile("\"revision\":(\\d+)")
                        .matcher(Files.readString(folder.resolve("etcdctl.log")));
        return revision.find()
                && control("compact", revision.group(1))
                && control("defrag")
                && control("alarm", "disarm");
    }

    /** Stops all members and starts them on what a copy of the data holds. */
    public void restore(Path copy) throws IOException {
        for (int i = 0; i < size(); i++) {
            kill(i);
        }
        for (Member member : members) {
            delete(folder.resolve(member.name));
            boolean done =
                    control(
                            "snapshot",
                            "restore",
                            copy.toString(),
                            "--name=" + member.name,
                            "--data-dir=" + folder.resolve(member.name),
                            "--initial-cluster=" + initialCluster(),
                            "--initial-advertise-peer-urls=http://127.0.0.1:" + member.peerPort);
            if (!done) {
                throw new IOException(Files.readString(folder.resolve("etcdctl.log")));
            }
        }
        restart(IntStream.range(0, size()).boxed().toList());
    }

    /** Makes a member hang. */
    public void pause(int index) {
        signal("STOP", index);
    }

    /** Lets a member that hangs go on. */
    public void resume(int index) {
        signal("CONT", index);
    }

    private void signal(String name, int index) {
        long pid = members.get(index).process.pid();
        run(new ProcessBuilder("kill", "-" + name, Long.toString(pid))).onExit().join();
    }

    @Override
    public void close() throws IOException {
        for (int i = 0; i < members.size(); i++) {
            kill(i);
        }
        delete(folder);
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> paths = Files.walk(folder)) {
            for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}
