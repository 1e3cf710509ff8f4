package io.hypervisor.controller.store.etcd;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.ClientBuilder;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.MethodDescriptor;
import io.grpc.netty.GrpcSslContexts;
import io.hypervisor.controller.store.StoreException;
import io.hypervisor.core.server.TlsConfig;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;

/** A connection to etcd whose calls end by their deadlines. */
final class EtcdClient implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(EtcdClient.class);

    // A page of a thousand records of ordinary size is far below, one of large values still fits.
    private static final int MAX_MESSAGE = 1 << 30;

    private final Client client;
    private final Duration timeout;
    private CompletableFuture<Void> farewells = CompletableFuture.completedFuture(null);

    EtcdClient(EtcdConfig config) {
        this.timeout = config.timeout();
        try {
            this.client = build(config);
        } catch (IOException e) {
            throw new StoreException(
                    StoreException.Kind.UNAVAILABLE, "etcd: cannot read its files: " + e, e);
        }
    }

    private static Client build(EtcdConfig config) throws IOException {
        String scheme = config.tls().ca().isPresent() ? "https://" : "http://";
        List<URI> endpoints =
                config.endpoints().stream().map(at -> URI.create(scheme + at)).toList();
        ClientBuilder builder =
                Client.builder()
                        .endpoints(endpoints)
                        // Fail at once where there is no connection: nothing was sent then.
                        .waitForReady(false)
                        // Spread over the members, so that one that hangs spoils a part only.
                        .loadBalancerPolicy("round_robin")
                        .connectTimeout(config.timeout())
                        .keepaliveTime(Duration.ofSeconds(5))
                        .keepaliveTimeout(Duration.ofSeconds(2))
                        .keepaliveWithoutCalls(true)
                        .retryMaxAttempts(1)
                        .maxInboundMessageSize(MAX_MESSAGE)
                        .interceptor(new Deadlines(config.timeout()));
        if (config.credentials().isPresent()) {
            addCredentials(builder, config.credentials().get());
        }
        if (config.tls().ca().isPresent()) {
            addTls(builder, config.tls());
        }
        return builder.build();
    }

    private static void addCredentials(ClientBuilder builder, Path file) throws IOException {
        String line = Files.readAllLines(file).stream().findFirst().orElse("");
        int colon = line.indexOf(':');
        if (colon < 1) {
            throw new IOException(file + ": no user:password on its first line");
        }
        builder.user(bytes(line.substring(0, colon)));
        builder.password(bytes(line.substring(colon + 1)));
    }

    private static void addTls(ClientBuilder builder, TlsConfig tls) throws IOException {
        var context = GrpcSslContexts.forClient().trustManager(tls.ca().orElseThrow().toFile());
        if (tls.certificate().isPresent() && tls.privateKey().isPresent()) {
            context.keyManager(tls.certificate().get().toFile(), tls.privateKey().get().toFile());
        }
        builder.sslContext(context.build());
    }

    static ByteSequence bytes(String text) {
        return ByteSequence.from(text, StandardCharsets.UTF_8);
    }

    Client raw() {
        return client;
    }

    /** Waits for a call's result. Throws what the call failed with, or TimeoutException. */
    <T> T await(Function<Client, CompletableFuture<T>> call)
            throws ExecutionException, TimeoutException {
        try {
            // Later than the call's own deadline, which is known to the server as well.
            return call.apply(client).get(timeout.toMillis() + 500, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ExecutionException("interrupted", e);
        }
    }

    /** Waits for a read's result. */
    <T> T read(Function<Client, CompletableFuture<T>> call) {
        try {
            return await(call);
        } catch (ExecutionException e) {
            throw EtcdErrors.ofRead(e.getCause());
        } catch (TimeoutException e) {
            throw EtcdErrors.ofRead(e);
        }
    }

    /** Sends something whose answer does not matter, except that closing waits for it a little. */
    synchronized void farewell(CompletableFuture<?> call) {
        farewells = CompletableFuture.allOf(farewells, call).exceptionally(EtcdClient::unheard);
    }

    private static Void unheard(Throwable failure) {
        log.debug("farewell not heard: {}", failure.getMessage());
        return null;
    }

    @Override
    public void close() {
        CompletableFuture<Void> last;
        synchronized (this) {
            last = farewells;
        }
        last.orTimeout(1, TimeUnit.SECONDS).exceptionally(EtcdClient::unheard).join();
        client.close();
    }

    /** Streams live on; every other call gets a deadline. */
    private record Deadlines(Duration timeout) implements ClientInterceptor {
        @Override
        public <Q, A> ClientCall<Q, A> interceptCall(
                MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
            CallOptions limited =
                    method.getType() == MethodDescriptor.MethodType.UNARY
                            ? options.withDeadlineAfter(timeout.toMillis(), TimeUnit.MILLISECONDS)
                            : options;
            return next.newCall(method, limited);
        }
    }
}
