package io.hypervisor.console;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.hypervisor.api.v1.GetInstanceLogsRequest;
import io.hypervisor.api.v1.InstanceLogChunk;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Iterator;
import java.util.Optional;

/** Writes a log to stdout as it comes. */
final class LogView {
    private final Hvctl hvctl;

    LogView(Hvctl hvctl) {
        this.hvctl = hvctl;
    }

    /**
     * @param until ends once this was written; empty: nothing ends it
     * @param limit how long to follow
     * @throws Problem if the log or the time ended before {@code until} came
     */
    void show(GetInstanceLogsRequest request, String until, Optional<Duration> limit) {
        // Latin-1 keeps every byte, whatever the guest writes in.
        String wanted =
                new String(until.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
        String end = "";
        Optional<Duration> bound =
                request.getFollow() || limit.isPresent()
                        ? limit
                        : Optional.of(hvctl.session().callTimeout());
        try {
            Iterator<InstanceLogChunk> chunks =
                    hvctl.session().lasting(bound).getInstanceLogs(request);
            while (chunks.hasNext()) {
                InstanceLogChunk chunk = chunks.next();
                chunk.getData().writeTo(hvctl.surroundings().out());
                hvctl.output().checkOpen();
                end += chunk.getData().toString(StandardCharsets.ISO_8859_1);
                if (!wanted.isEmpty() && end.contains(wanted)) {
                    return;
                }
                end = end.substring(Math.max(0, end.length() - wanted.length()));
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write to stdout", e);
        } catch (StatusRuntimeException e) {
            boolean over = e.getStatus().getCode() == Status.Code.DEADLINE_EXCEEDED;
            if (!over || limit.isEmpty()) {
                throw e;
            }
            if (!wanted.isEmpty()) {
                throw Problem.timedOut(
                        "'" + until + "' was not written within " + Units.span(limit.get()),
                        "a longer --timeout");
            }
            return;
        }
        if (!wanted.isEmpty()) {
            throw Problem.failed(
                    "'" + until + "' was not written", "--follow to wait for what comes");
        }
    }
}
