package io.hypervisor.agent.image;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;

import io.hypervisor.agent.registry.Descriptor;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Serves one file over HTTP, by ranges, as well or badly as it is told. */
public final class TestSource implements AutoCloseable {
    private static final Pattern RANGE = Pattern.compile("bytes=(\\d+)-");

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final HttpServer server;
    private final List<String> ranges = new CopyOnWriteArrayList<>();
    private volatile byte[] content;
    private volatile int status;
    private volatile int pauseAt = -1;
    private volatile boolean chunked;
    private volatile boolean broken;
    private volatile CountDownLatch gate = new CountDownLatch(0);

    public TestSource(byte[] content) throws IOException {
        this.content = content;
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        server.createContext("/", this::serve);
        server.start();
    }

    /** The digest of some bytes, as entries of the catalogue write it. */
    public static String sha256(byte[] bytes) {
        return Descriptor.sha256(bytes).substring("sha256:".length());
    }

    public String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort() + "/image";
    }

    void content(byte[] bytes) {
        content = bytes;
    }

    /** Answers with a status only; 0 serves. */
    void status(int code) {
        status = code;
    }

    /** Sends so many bytes, and no more until released. */
    public void pauseAt(int bytes) {
        gate = new CountDownLatch(1);
        pauseAt = bytes;
    }

    /** Breaks the connection that waits to be released. */
    void breakOff() {
        broken = true;
        release();
    }

    public void release() {
        pauseAt = -1;
        gate.countDown();
    }

    /** Does not say how long the file is. */
    void chunked() {
        chunked = true;
    }

    /** The Range headers of all requests, "" for those without. */
    public List<String> ranges() {
        return ranges;
    }

    private void serve(HttpExchange exchange) throws IOException {
        String range = exchange.getRequestHeaders().getFirst("Range");
        ranges.add(range == null ? "" : range);
        try (exchange) {
            if (status != 0) {
                exchange.sendResponseHeaders(status, -1);
                return;
            }
            Matcher from = RANGE.matcher(range == null ? "" : range);
            int start = from.matches() ? Integer.parseInt(from.group(1)) : 0;
            if (from.matches()) {
                exchange.getResponseHeaders()
                        .set(
                                "Content-Range",
                                "bytes %d-%d/%d"
                                        .formatted(start, content.length - 1, content.length));
            }
            exchange.sendResponseHeaders(
                    from.matches() ? 206 : 200, chunked ? 0 : content.length - start);
            send(exchange.getResponseBody(), start);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void send(OutputStream out, int start) throws IOException, InterruptedException {
        int pause = pauseAt;
        if (pause < start) {
            out.write(content, start, content.length - start);
            return;
        }
        out.write(content, start, pause - start);
        out.flush();
        gate.await();
        if (!broken) {
            out.write(content, pause, content.length - pause);
        }
    }

    @Override
    public void close() {
        gate.countDown();
        server.stop(0);
        threads.shutdownNow();
    }
}
