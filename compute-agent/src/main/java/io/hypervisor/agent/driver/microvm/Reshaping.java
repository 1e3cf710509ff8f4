package io.hypervisor.agent.driver.microvm;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;

import io.hypervisor.agent.driver.guest.Blueprint;
import io.hypervisor.api.v1.InstanceSpec;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/** Gives a guest that runs other sizes, as far as a microVM can take them. */
final class Reshaping {
    private static final Logger log = LoggerFactory.getLogger(Reshaping.class);
    private static final String MEMORY = "spec.memory_bytes";

    private final Qmp qmp;
    private final InstanceSpec spec;
    private final Set<String> waiting = new LinkedHashSet<>();

    /** A disk as QEMU has it. */
    private record Drive(String device, String file, long readBps, long writeBps) {}

    Reshaping(Qmp qmp, InstanceSpec spec) {
        this.qmp = qmp;
        this.spec = spec;
    }

    /** Does what is left to do; returns what has to wait for a start. */
    List<String> become() throws IOException {
        processors();
        memory();
        throughput();
        return List.copyOf(waiting);
    }

    private void processors() throws IOException {
        int has = qmp.execute("query-cpus-fast").getAsJsonArray("return").size();
        if (has != Blueprint.cpus(spec)) {
            waiting.add("spec.cpu_cores");
        }
    }

    /** The machine's memory is fixed while it runs; its balloon takes some of it away. */
    private void memory() throws IOException {
        long has = asked("query-memory-size-summary").get("base-memory").getAsLong();
        long wanted = QemuArguments.memoryBytes(spec);
        if (wanted > has) {
            waiting.add(MEMORY);
        }
        long guests = Math.min(wanted, has);
        OptionalLong now = outsideBalloon();
        if (now.isEmpty() && guests < has) {
            waiting.add(MEMORY);
        } else if (now.orElse(guests) != guests) {
            JsonObject arguments = new JsonObject();
            arguments.addProperty("value", guests);
            attempt(MEMORY, "balloon", arguments);
        }
    }

    private OptionalLong outsideBalloon() throws IOException {
        try {
            return OptionalLong.of(asked("query-balloon").get("actual").getAsLong());
        } catch (Qmp.Refused noBalloon) {
            return OptionalLong.empty();
        }
    }

    private JsonObject asked(String command) throws IOException {
        return qmp.execute(command).getAsJsonObject("return");
    }

    private void throughput() throws IOException {
        long read = spec.getLimits().getIoReadBps();
        long write = spec.getLimits().getIoWriteBps();
        for (Drive drive : drives(qmp)) {
            if (drive.readBps() != read || drive.writeBps() != write) {
                JsonObject limit = new JsonObject();
                limit.addProperty("device", drive.device());
                limit.addProperty("group", QemuArguments.THROTTLE_GROUP);
                limit.addProperty("bps_rd", read);
                limit.addProperty("bps_wr", write);
                for (String none : List.of("bps", "iops", "iops_rd", "iops_wr")) {
                    limit.addProperty(none, 0);
                }
                attempt("spec.limits", "block_set_io_throttle", limit);
            }
        }
    }

    /** What is refused waits for a start, which gives it in another way. */
    private void attempt(String field, String command, JsonObject arguments) throws IOException {
        try {
            qmp.execute(command, arguments);
        } catch (Qmp.Refused e) {
            log.warn("field={}: {}", field, e.getMessage());
            waiting.add(field);
        }
    }

    /** Makes a disk larger that the guest has. */
    static void resize(Qmp qmp, Path disk, long bytes) throws IOException {
        Optional<Drive> drive =
                drives(qmp).stream().filter(d -> d.file().equals(disk.toString())).findFirst();
        if (drive.isPresent()) {
            JsonObject arguments = new JsonObject();
            arguments.addProperty("device", drive.get().device());
            arguments.addProperty("size", bytes);
            qmp.execute("block_resize", arguments);
        }
    }

    private static List<Drive> drives(Qmp qmp) throws IOException {
        List<Drive> drives = new ArrayList<>();
        for (JsonElement each : qmp.execute("query-block").getAsJsonArray("return")) {
            JsonObject inserted = each.getAsJsonObject().getAsJsonObject("inserted");
            drives.add(
                    new Drive(
                            each.getAsJsonObject().get("device").getAsString(),
                            inserted.get("file").getAsString(),
                            inserted.get("bps_rd").getAsLong(),
                            inserted.get("bps_wr").getAsLong()));
        }
        return drives;
    }
}
