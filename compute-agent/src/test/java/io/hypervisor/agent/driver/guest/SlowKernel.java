package io.hypervisor.agent.driver.guest;

import io.hypervisor.agent.image.TestSource;
import io.hypervisor.api.v1.ImageSource;
import io.hypervisor.api.v1.InstanceSpec;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;

/** A kernel of the catalogue that no node has yet, and whose transfer hangs until it may come. */
public final class SlowKernel implements AutoCloseable {
    private final TestSource source;
    private final String sha256;

    public SlowKernel(Path kernel) {
        try {
            byte[] like = Files.readAllBytes(kernel);
            UUID own = UUID.randomUUID();
            byte[] content =
                    ByteBuffer.allocate(like.length + 2 * Long.BYTES)
                            .put(like)
                            .putLong(own.getMostSignificantBits())
                            .putLong(own.getLeastSignificantBits())
                            .array();
            sha256 = TestSource.sha256(content);
            source = new TestSource(content);
            source.pauseAt(like.length);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public InstanceSpec spec() {
        return InstanceSpec.newBuilder()
                .setKernel("slow")
                .setKernelSource(
                        ImageSource.newBuilder()
                                .setUrl(source.url())
                                .setSha256(sha256)
                                .setFormat("kernel"))
                .setCpuCores(1)
                .setMemoryBytes(16 << 20)
                .build();
    }

    public void come() {
        source.release();
    }

    @Override
    public void close() {
        source.close();
    }
}
