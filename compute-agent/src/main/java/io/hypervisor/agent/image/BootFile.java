package io.hypervisor.agent.image;

import io.hypervisor.agent.driver.DriverException;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/** Looks at files that QEMU is to load into a guest before its first instruction. */
public final class BootFile {
    private static final int ELF = 0x464c457f;
    // "HdrS", and where Linux's boot protocol has it.
    private static final int LINUX = 0x53726448;
    private static final int LINUX_AT = 0x202;

    private BootFile() {}

    /** Whether a kernel says that it is Linux; what is only ELF may be anything. */
    public static boolean isLinux(Path kernel) {
        return isLinux(begin(kernel));
    }

    private static boolean isLinux(ByteBuffer begin) {
        return begin.getInt(LINUX_AT) == LINUX;
    }

    private static ByteBuffer begin(Path path) {
        ByteBuffer begin =
                ByteBuffer.allocate(LINUX_AT + Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        try (FileChannel file = FileChannel.open(path)) {
            while (begin.hasRemaining() && file.read(begin) >= 0) {}
        } catch (IOException e) {
            throw DriverException.passing("cannot read image " + path + ": " + e.getMessage(), e);
        }
        return begin;
    }

    /**
     * Whether it is a kernel, or anything at all: a guest unpacks its RAM disk itself.
     *
     * @throws DriverException permanent, when it is not
     */
    static void check(Path path, String format) {
        ByteBuffer begin = begin(path);
        boolean right =
                format.equals("kernel")
                        ? begin.getInt(0) == ELF || isLinux(begin)
                        : begin.position() > 0;
        if (!right) {
            throw DriverException.permanent(
                    "image %s: format: found: %s (expected: %s)"
                            .formatted(
                                    path,
                                    begin.position() > 0 ? "something else" : "an empty file",
                                    format.equals("kernel")
                                            ? "kernel: ELF, or Linux's boot protocol"
                                            : format));
        }
    }
}
