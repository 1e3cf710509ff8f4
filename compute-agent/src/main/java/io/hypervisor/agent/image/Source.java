package io.hypervisor.agent.image;

import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.api.v1.ImageSource;
import io.hypervisor.core.Tasks;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Where the bytes of images come from: servers of HTTP, and files in the node's image folders. */
final class Source implements AutoCloseable {
    private static final Duration CONNECT = Duration.ofSeconds(10);
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Pattern RANGE = Pattern.compile("bytes (\\d{1,18})-.*");
    private static final int OK = 200;
    private static final int PARTIAL = 206;

    private final List<Path> folders;
    private final HttpClient http;

    /**
     * Bytes of a file.
     *
     * @param offset of the first of them
     * @param total of the whole file, -1 if that is not known
     */
    record Transfer(InputStream bytes, long offset, long total) {}

    Source(List<Path> folders, Tasks tasks) {
        this.folders = List.copyOf(folders);
        this.http =
                HttpClient.newBuilder()
                        .version(HttpClient.Version.HTTP_1_1)
                        .followRedirects(HttpClient.Redirect.NORMAL)
                        .connectTimeout(CONNECT)
                        .executor(tasks.concurrent("image-source"))
                        .build();
    }

    /** Without what may be a secret of whoever gave it. */
    static String visible(ImageSource image) {
        int query = image.getUrl().indexOf('?');
        return query < 0 ? image.getUrl() : image.getUrl().substring(0, query);
    }

    /** Begins to read from {@code offset} on, or from 0 where that cannot be done. */
    Transfer open(ImageSource image, long offset) {
        URI uri = URI.create(image.getUrl());
        try {
            return "file".equals(uri.getScheme())
                    ? file(image, Path.of(uri.getPath()), offset)
                    : http(image, uri, offset);
        } catch (IOException e) {
            throw DriverException.passing(visible(image) + ": no answer", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw DriverException.passing("the agent stops", e);
        }
    }

    private Transfer http(ImageSource image, URI uri, long offset)
            throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(uri).timeout(PATIENCE);
        if (offset > 0) {
            request.header("Range", "bytes=" + offset + "-");
        }
        HttpResponse<InputStream> response =
                http.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
        int status = response.statusCode();
        Matcher range =
                RANGE.matcher(response.headers().firstValue("Content-Range").orElse("none"));
        long start =
                status == PARTIAL && range.matches() && Long.parseLong(range.group(1)) == offset
                        ? offset
                        : 0;
        if (status != OK && (status != PARTIAL || start == 0)) {
            response.body().close();
            throw unexpected(image, status);
        }
        long length = response.headers().firstValueAsLong("Content-Length").orElse(-1);
        return new Transfer(response.body(), start, length < 0 ? -1 : start + length);
    }

    private static DriverException unexpected(ImageSource image, int status) {
        String message = visible(image) + ": status " + status + " (expected: 200)";
        boolean passing = status >= 500 || status == 408 || status == 425 || status == 429;
        return passing
                ? DriverException.passing(message, null)
                : DriverException.permanent(message);
    }

    private Transfer file(ImageSource image, Path path, long offset) throws IOException {
        Path real;
        try {
            real = path.toRealPath();
        } catch (IOException e) {
            throw missing(image);
        }
        for (Path folder : folders) {
            if (Files.isDirectory(folder)
                    && real.startsWith(folder.toRealPath())
                    && Files.isRegularFile(real)) {
                InputStream bytes = Files.newInputStream(real);
                bytes.skipNBytes(Math.min(offset, Files.size(real)));
                return new Transfer(bytes, Math.min(offset, Files.size(real)), Files.size(real));
            }
        }
        throw missing(image);
    }

    // The same words whether the file exists or not: images must not explore the node.
    private static DriverException missing(ImageSource image) {
        return DriverException.permanent("no " + visible(image) + " in the node's image folders");
    }

    @Override
    public void close() {
        http.shutdownNow();
    }
}
