package io.hypervisor.agent.driver.containerd;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** Stands before a registry, counts what is asked for, and damages blobs on their way. */
public final class CuttingProxy implements AutoCloseable {
    private final HttpClient http = HttpClient.newHttpClient();
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final HttpServer server;
    private final String registry;
    private final Map<String, List<String>> ranges = new ConcurrentHashMap<>();
    private final Map<String, Integer> cuts = new ConcurrentHashMap<>();
    private final Map<String, Integer> pauses = new ConcurrentHashMap<>();
    private volatile String spoilt = "";
    private volatile CountDownLatch gate = new CountDownLatch(0);

    public CuttingProxy(String registry) throws IOException {
        this.registry = registry;
        server = HttpServer.create(new InetSocketAddress(TestRegistry.loopback(), 0), 0);
        server.setExecutor(threads);
        server.createContext("/", this::pass);
        server.start();
    }

    public String host() {
        return "127.0.0.1:" + server.getAddress().getPort();
    }

    /** Breaks the connection once, after so many bytes of the blob. */
    void cutAt(String digest, int bytes) {
        cuts.put(digest, bytes);
    }

    /** Sends so many bytes of the blob, and no more until released. */
    public void pauseAt(String digest, int bytes) {
        gate = new CountDownLatch(1);
        pauses.put(digest, bytes);
    }

    /** Changes a byte of the blob. */
    void spoil(String digest) {
        spoilt = digest;
    }

    /** Answers nobody until released. */
    void hold() {
        gate = new CountDownLatch(1);
        pauses.put("", 0);
    }

    public void release() {
        pauses.clear();
        gate.countDown();
    }

    /** The Range headers of the requests for a blob, "" for those without. */
    public List<String> ranges(String digest) {
        return ranges.getOrDefault(digest, List.of());
    }

    private void pass(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        String last = path.substring(path.lastIndexOf('/') + 1);
        Optional<String> range =
                Optional.ofNullable(exchange.getRequestHeaders().getFirst("Range"));
        ranges.computeIfAbsent(last, key -> new CopyOnWriteArrayList<>()).add(range.orElse(""));
        try {
            if (pauses.containsKey("")) {
                gate.await();
            }
            HttpRequest.Builder request =
                    HttpRequest.newBuilder(URI.create("http://" + registry + path));
            range.ifPresent(value -> request.header("Range", value));
            for (String name : List.of("Accept", "Authorization")) {
                Optional.ofNullable(exchange.getRequestHeaders().getFirst(name))
                        .ifPresent(value -> request.header(name, value));
            }
            answer(
                    exchange,
                    last,
                    http.send(request.build(), HttpResponse.BodyHandlers.ofByteArray()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            exchange.close();
        }
    }

    private void answer(HttpExchange exchange, String digest, HttpResponse<byte[]> from)
            throws IOException, InterruptedException {
        byte[] body = from.body();
        for (String name : List.of("Content-Type", "Content-Range", "WWW-Authenticate")) {
            from.headers()
                    .firstValue(name)
                    .ifPresent(value -> exchange.getResponseHeaders().set(name, value));
        }
        if (digest.equals(spoilt)) {
            body[body.length / 2] ^= 1;
        }
        exchange.sendResponseHeaders(from.statusCode(), body.length);
        OutputStream out = exchange.getResponseBody();
        Integer cut = cuts.remove(digest);
        int paused = pauses.getOrDefault(digest, 0);
        out.write(body, 0, cut == null ? paused : cut);
        out.flush();
        if (cut == null) {
            if (paused > 0) {
                gate.await();
            }
            out.write(body, paused, body.length - paused);
        }
    }

    @Override
    public void close() {
        gate.countDown();
        server.stop(0);
        threads.shutdownNow();
        http.close();
    }
}
