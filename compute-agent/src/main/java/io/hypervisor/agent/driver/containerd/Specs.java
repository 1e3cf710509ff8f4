package io.hypervisor.agent.driver.containerd;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;

import io.hypervisor.agent.driver.Target;
import io.hypervisor.agent.driver.containerd.wire.Container;
import io.hypervisor.agent.driver.containerd.wire.Mount;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** Runtime specifications of containers: made anew where what is wanted has changed. */
final class Specs {
    private final ImageStore images;
    private final Containers containers;
    private final Runs runs;
    private final ContainerdConfig config;
    private final Host host;

    Specs(ImageStore images, Containers containers, Runs runs, ContainerdConfig config) {
        this.images = images;
        this.containers = containers;
        this.runs = runs;
        this.config = config;
        host = Host.read(config.data());
    }

    /** One for who is root; tells what is wrong with a target before anything is made of it. */
    String draft(Target target, ImageStore.Unpacked source) {
        return json(target, source, Account.ROOT);
    }

    /** One for whom target or image name, which may be the draft. */
    String of(Target target, ImageStore.Unpacked source, String draft, List<Mount> rootfs) {
        Account account = Account.of(target.spec(), source.config(), rootfs);
        return account.equals(Account.ROOT) ? draft : json(target, source, account);
    }

    private String json(Target target, ImageStore.Unpacked source, Account account) {
        return OciSpec.json(target, source.config(), account, host, config);
    }

    /** Replaces a record's marks, and its specification if that is not of this target. */
    Container mark(Container container, Marks marks, Target target, Supplier<List<Mount>> rootfs) {
        if (OciSpec.fits(json(container), target, host)) {
            return containers.mark(container, marks);
        }
        ImageStore.Unpacked source = images.resolve(target.spec().getImage());
        String spec = of(target, source, draft(target, source), rootfs.get());
        return containers.mark(container, marks, spec);
    }

    private static String json(Container container) {
        return container.getSpec().getValue().toStringUtf8();
    }

    /**
     * Gives a container that runs the limits of a target, as far as it can take them. What it has
     * is in its record, which is written last: what is not there yet is given again. Its process
     * stays as its last start made it. Returns what waits for a start, as paths.
     */
    List<String> reshape(Target target) {
        String id = target.instanceId();
        Optional<Container> running =
                containers.find(id).filter(c -> runs.find(id).filter(Runs::isAlive).isPresent());
        if (running.isEmpty()) {
            return List.of();
        }
        JsonObject spec = JsonParser.parseString(json(running.get())).getAsJsonObject();
        JsonObject linux = spec.getAsJsonObject("linux");
        Limits has = new Limits(linux.getAsJsonObject("resources"));
        Limits wanted = new Limits(OciSpec.limits(target, host));
        Limits next = has.equals(wanted) ? has : has.next(wanted, memory(id));
        if (!next.equals(has)) {
            runs.limit(id, next.resources().toString());
            linux.add("resources", next.resources());
            containers.respecify(running.get(), spec.toString());
        }
        List<String> waiting = new ArrayList<>(next.differences(wanted));
        waiting.addAll(Origin.differences(spec, target.spec()));
        return waiting.stream().sorted().toList();
    }

    private long memory(String id) {
        return runs.usage(id).orElseThrow(() -> Runs.notRunning(id)).memory();
    }
}
