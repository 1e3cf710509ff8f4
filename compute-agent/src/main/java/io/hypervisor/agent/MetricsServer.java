package io.hypervisor.agent;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;

import io.hypervisor.core.Tasks;
import io.hypervisor.core.server.HostPort;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.function.Supplier;

/** Serves the node's metrics to Prometheus: GET /metrics and nothing else. */
final class MetricsServer implements AutoCloseable {
    private static final int BACKLOG = 16;
    private static final String TYPE = "text/plain; version=0.0.4; charset=utf-8";

    // A client that says nothing, or takes nothing, is let go; and more than some hundred are none.
    static {
        System.setProperty("sun.net.httpserver.maxReqTime", "10");
        System.setProperty("sun.net.httpserver.maxRspTime", "60");
        System.setProperty("jdk.httpserver.maxConnections", "100");
    }

    private final HttpServer server;
    private final Supplier<String> page;

    /**
     * Begins to serve.
     *
     * @param page makes the page; called once at a time
     */
    MetricsServer(HostPort address, Tasks tasks, Supplier<String> page) {
        this.page = page;
        try {
            server =
                    HttpServer.create(
                            new InetSocketAddress(address.host(), address.port()), BACKLOG);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot listen on " + address, e);
        }
        server.setExecutor(tasks.concurrent("metrics"));
        server.createContext("/", this::serve);
        server.start();
    }

    /** The port that is bound. */
    int port() {
        return server.getAddress().getPort();
    }

    private void serve(HttpExchange exchange) throws IOException {
        try (exchange) {
            if (!exchange.getRequestURI().getPath().equals("/metrics")) {
                answer(exchange, 404, "not found (expected: /metrics)\n");
            } else if (!exchange.getRequestMethod().equals("GET")) {
                answer(exchange, 405, "method not allowed (expected: GET)\n");
            } else {
                answer(exchange, 200, current());
            }
        }
    }

    private synchronized String current() {
        return page.get();
    }

    private static void answer(HttpExchange exchange, int status, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", TYPE);
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
