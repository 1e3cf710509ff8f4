package io.hypervisor.cluster.input;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.random.RandomGenerator;

/** Sends what is nearly, or not at all, an HTTP request. */
final class HttpFuzzer {
    private static final List<String> PATHS =
            List.of(
                    "/v1/nodes",
                    "/v1/nodes/ID",
                    "/v1/nodes/ID:updateStatus",
                    "/v1/nodes/ID:heartbeat",
                    "/v1/nodes/ID:fence",
                    "/v1/cluster",
                    "/v1/instances",
                    "/v1/instances:plan",
                    "/v1/instances/ID",
                    "/v1/instances/ID:start",
                    "/v1/instances/ID:stop",
                    "/v1/instances/ID/stats",
                    "/v1/instances/ID/logs",
                    "/v1/instances/ID:watch",
                    "/v1/instances:watch",
                    "/v1/nodes:watch",
                    "/v1/images",
                    "/v1/images:pull",
                    "/v1/agent/instances",
                    "/v1/agent/instances/ID",
                    "/v1/networks",
                    "/v1/networks/ID",
                    "/v1/networks:watch",
                    "/v1/subnets/ID/allocations/10.0.0.50",
                    "/v1/ports/ID:bind",
                    "/v1/routers/ID/routes/10.20.0.0/16",
                    "/hypervisor.v1.ComputeService/CreateInstance",
                    "/hypervisor.v1.ClusterService/RegisterNode",
                    "/hypervisor.v1.ComputeService/AttachConsole",
                    "/metrics",
                    "/health",
                    "/");
    private static final List<String> METHODS =
            List.of(
                    "GET", "POST", "POST", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS",
                    "X");
    private static final List<String> TYPES =
            List.of(
                    "application/json",
                    "application/json",
                    "application/json",
                    "application/grpc",
                    "application/grpc-web+proto",
                    "application/grpc-web-text",
                    "application/grpc+json",
                    "application/protobuf",
                    "text/plain",
                    "multipart/form-data; boundary=x",
                    "\"");
    private static final List<String> FIELDS =
            List.of(
                    "name",
                    "type",
                    "spec",
                    "image",
                    "cpuCores",
                    "cpu_cores",
                    "memoryBytes",
                    "metadata",
                    "labels",
                    "annotations",
                    "placement",
                    "hostname",
                    "ip",
                    "port",
                    "capacity",
                    "conditions",
                    "lastTransitionTime",
                    "nodeId",
                    "page_size",
                    "resume_revision",
                    "label_selector",
                    "");

    private final int port;
    private final RandomGenerator random;
    private final Mutator mutator;
    private final Findings findings;

    HttpFuzzer(int port, RandomGenerator random, Mutator mutator, Findings findings) {
        this.port = port;
        this.random = random;
        this.mutator = mutator;
        this.findings = findings;
    }

    /** One request on a connection of its own, or several that do not wait for answers. */
    void step() {
        String path = path();
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(1000);
            OutputStream out = socket.getOutputStream();
            for (int i = random.nextInt(10) == 0 ? random.nextInt(5) : 0; i >= 0; i--) {
                out.write(request(path));
            }
            if (random.nextInt(10) != 0) {
                socket.shutdownOutput();
                findings.http(path, answer(socket.getInputStream()));
            }
        } catch (IOException closed) {
            // The server may hang up on what is no HTTP.
            findings.hungUp();
        }
    }

    private byte[] request(String path) {
        byte[] body = body();
        String head =
                pick(METHODS)
                        + " "
                        + path
                        + " HTTP/1.1\r\nhost: x\r\nconnection: "
                        + (random.nextInt(3) == 0 ? "keep-alive" : "close")
                        + "\r\ncontent-type: "
                        + pick(TYPES)
                        + "\r\n"
                        + headers()
                        + "content-length: "
                        + (random.nextInt(20) == 0 ? mutator.number() : body.length)
                        + "\r\n\r\n";
        byte[] start =
                random.nextInt(15) == 0
                        ? mutator.bytes(random.nextInt(300))
                        : head.getBytes(StandardCharsets.ISO_8859_1);
        return ByteBuffer.allocate(start.length + body.length).put(start).put(body).array();
    }

    private static String answer(InputStream in) throws IOException {
        StringBuilder answer = new StringBuilder();
        byte[] buffer = new byte[8192];
        try {
            for (int n = in.read(buffer);
                    n >= 0 && answer.length() < 100_000;
                    n = in.read(buffer)) {
                answer.append(new String(buffer, 0, n, StandardCharsets.ISO_8859_1));
            }
        } catch (SocketTimeoutException waitsForMore) {
            return answer.toString();
        }
        return answer.toString();
    }

    private <T> T pick(List<T> from) {
        return from.get(random.nextInt(from.size()));
    }

    private String path() {
        String path = pick(PATHS).replace("ID", escaped(mutator.text()));
        if (random.nextInt(3) == 0) {
            path += "?" + pick(FIELDS) + "=" + escaped(mutator.text());
        }
        if (random.nextInt(5) == 0) {
            path += "&page_size=" + mutator.number();
        }
        return random.nextInt(20) == 0 ? "/%zz/" + escaped(mutator.text()) : path;
    }

    private String escaped(String text) {
        StringBuilder escaped = new StringBuilder();
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < Math.min(bytes.length, 2000); i++) {
            boolean plain =
                    (Character.isLetterOrDigit(bytes[i]) && bytes[i] > 0) || bytes[i] == '-';
            escaped.append(plain ? String.valueOf((char) bytes[i]) : "%%%02x".formatted(bytes[i]));
        }
        return escaped.toString();
    }

    private String headers() {
        return switch (random.nextInt(12)) {
            case 0 -> "x: " + "y".repeat(random.nextInt(20_000)) + "\r\n";
            case 1 -> "no colon\r\n";
            case 2 -> "transfer-encoding: chunked\r\n";
            case 3 -> "content-encoding: gzip\r\n";
            case 4 -> "grpc-timeout: " + mutator.number() + "x\r\n";
            case 5 -> "grpc-encoding: nonsense\r\n";
            case 6 -> "accept: " + "\u00ff" + "\r\n";
            case 7 -> "hypervisor-node: " + random.nextLong() + "\r\n";
            default -> "";
        };
    }

    private byte[] body() {
        return switch (random.nextInt(8)) {
            case 0 -> mutator.bytes(random.nextInt(200));
            case 1 -> new byte[0];
            case 2 -> mutator.framed(mutator.bytes(random.nextInt(200)));
            case 3 -> "{\"a\":".repeat(1 + random.nextInt(5000)).getBytes(StandardCharsets.UTF_8);
            default -> json(0).getBytes(StandardCharsets.UTF_8);
        };
    }

    private String json(int depth) {
        int kind = depth > 5 ? random.nextInt(6) : random.nextInt(12);
        return switch (kind) {
            case 0 -> String.valueOf(mutator.number());
            case 1 -> "1e" + random.nextInt(1000);
            case 2 -> "null";
            case 3 -> "true";
            case 4 -> "9".repeat(1 + random.nextInt(2000));
            case 5 -> quoted(mutator.text());
            case 6 -> "[" + json(depth + 1) + "," + json(depth + 1) + "]";
            default -> object(depth);
        };
    }

    private String object(int depth) {
        StringBuilder object = new StringBuilder("{");
        int fields = random.nextInt(6);
        for (int i = 0; i < fields; i++) {
            object.append(i == 0 ? "" : ",")
                    .append(quoted(random.nextInt(10) == 0 ? mutator.text() : pick(FIELDS)))
                    .append(':')
                    .append(json(depth + 1));
        }
        return object.append(random.nextInt(20) == 0 ? "" : "}").toString();
    }

    private String quoted(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        text.chars()
                .forEach(
                        c -> {
                            if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\') {
                                quoted.append((char) c);
                            } else {
                                quoted.append("\\u%04x".formatted(c));
                            }
                        });
        return quoted.append(random.nextInt(10) == 0 ? "\\ud800\"" : "\"").toString();
    }
}
