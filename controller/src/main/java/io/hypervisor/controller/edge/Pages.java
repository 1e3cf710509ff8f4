package io.hypervisor.controller.edge;

import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.Message;
import com.google.protobuf.MessageLite;

import io.hypervisor.api.internal.v1.ClusterRecord;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.core.Fault;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Iterator;
import java.util.List;
import java.util.function.Function;

import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Cuts lists into pages. A token holds the last key of its page, sealed together with the list's
 * filters by a key that all replicas of the cluster derive alike: so it works on every replica and
 * after a restart, and fits nothing else.
 */
final class Pages {
    static final int DEFAULT_SIZE = 20;
    static final int MAX_SIZE = 100;

    // With one item more than that, a page is still smaller than the 4 MiB that clients take.
    private static final int MAX_BYTES = 2 << 20;
    private static final String MAC = "HmacSHA256";
    private static final int SEAL_BYTES = 16;
    // No valid token comes near it.
    private static final int MAX_TOKEN = 4096;

    private final byte[] secret;

    Pages(String clusterId) {
        this.secret =
                mac(
                        "page tokens".getBytes(StandardCharsets.UTF_8),
                        clusterId.getBytes(StandardCharsets.UTF_8));
    }

    /** The pages of a snapshot's cluster. */
    static Pages of(Snapshot now) {
        return new Pages(
                now.cluster()
                        .map(ClusterRecord::getClusterId)
                        .orElseThrow(
                                () ->
                                        Fault.unavailable(
                                                "NOT_LOADED",
                                                "the cluster's state is not loaded yet")));
    }

    /** A page's items and the token of the next page, empty on the last. */
    record Page<T>(List<T> items, String nextToken) {}

    /**
     * Reads where a page begins.
     *
     * @param filters the request without its page fields
     * @throws Fault INVALID_ARGUMENT if the token was not given for these filters
     */
    Cursor open(Message filters, int pageSize, String token) {
        int size = pageSize == 0 ? DEFAULT_SIZE : Math.min(pageSize, MAX_SIZE);
        byte[] scope = scope(filters);
        return new Cursor(size, token.isEmpty() ? "" : unseal(scope, token), scope);
    }

    /** A place in a list. */
    final class Cursor {
        private final int size;
        private final String after;
        private final byte[] scope;

        private Cursor(int size, String after, byte[] scope) {
            this.size = size;
            this.after = after;
            this.scope = scope;
        }

        /** The key after which the page begins; empty: at the start. */
        String after() {
            return after;
        }

        /** Takes a page from what comes after {@link #after}, in the order of the keys. */
        <T> Page<T> take(Iterator<T> rest, Function<T, String> key) {
            List<T> items = new ArrayList<>(size);
            long bytes = 0;
            while (items.size() < size && bytes < MAX_BYTES && rest.hasNext()) {
                T item = rest.next();
                bytes += item instanceof MessageLite message ? message.getSerializedSize() : 0;
                items.add(item);
            }
            boolean last = !rest.hasNext();
            return new Page<>(items, last ? "" : seal(scope, key.apply(items.getLast())));
        }
    }

    private String seal(byte[] scope, String key) {
        byte[] text = key.getBytes(StandardCharsets.UTF_8);
        byte[] token = Arrays.copyOf(sealOf(scope, text), SEAL_BYTES + text.length);
        System.arraycopy(text, 0, token, SEAL_BYTES, text.length);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(token);
    }

    private String unseal(byte[] scope, String token) {
        byte[] bytes = decode(token);
        if (bytes.length > SEAL_BYTES) {
            byte[] text = Arrays.copyOfRange(bytes, SEAL_BYTES, bytes.length);
            byte[] seal = Arrays.copyOf(bytes, SEAL_BYTES);
            if (MessageDigest.isEqual(seal, sealOf(scope, text))) {
                return new String(text, StandardCharsets.UTF_8);
            }
        }
        throw Fault.invalid(
                "page_token",
                token,
                "empty, or the next_page_token of a page with the same filters");
    }

    private static byte[] decode(String token) {
        try {
            return token.length() > MAX_TOKEN ? new byte[0] : Base64.getUrlDecoder().decode(token);
        } catch (IllegalArgumentException notBase64) {
            return new byte[0];
        }
    }

    private byte[] sealOf(byte[] scope, byte[] text) {
        return Arrays.copyOf(mac(secret, scope, text), SEAL_BYTES);
    }

    /** The kind of list and its filters, the same bytes for the same filters. */
    private static byte[] scope(Message filters) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            CodedOutputStream out = CodedOutputStream.newInstance(bytes);
            out.useDeterministicSerialization();
            out.writeStringNoTag(filters.getDescriptorForType().getFullName());
            out.writeMessageNoTag(filters);
            out.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    private static byte[] mac(byte[] key, byte[]... parts) {
        try {
            Mac mac = Mac.getInstance(MAC);
            mac.init(new SecretKeySpec(key, MAC));
            for (byte[] part : parts) {
                mac.update(part);
            }
            return mac.doFinal();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java has " + MAC, e);
        }
    }
}
