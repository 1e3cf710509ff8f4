package io.hypervisor.agent.driver.containerd;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;

/** Makes FIFOs, which the JDK cannot. */
final class InputFifo {
    private static final int OWNER_ONLY = 0600;
    private static final MethodHandle MKFIFO = mkfifo();

    private InputFifo() {}

    @SuppressWarnings("restricted")
    private static MethodHandle mkfifo() {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(
                linker.defaultLookup().findOrThrow("mkfifo"),
                FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT));
    }

    /** A new, empty FIFO in the place of whatever is there. */
    static void renew(Path path) throws IOException {
        Files.deleteIfExists(path);
        try (Arena arena = Arena.ofConfined()) {
            int result = (int) MKFIFO.invokeExact(arena.allocateFrom(path.toString()), OWNER_ONLY);
            if (result != 0) {
                throw new IOException("cannot make a FIFO at " + path);
            }
        } catch (IOException | RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException("mkfifo threw", e);
        }
    }
}
