package io.hypervisor.agent.driver.containerd;

import io.hypervisor.agent.driver.Target;
import io.hypervisor.agent.driver.containerd.wire.Container;
import io.hypervisor.agent.driver.containerd.wire.Mount;

import java.util.List;
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

    /** A container gets its limits when it starts: what differs of one that runs waits. */
    List<String> waiting(Target target) {
        String id = target.instanceId();
        return containers
                .find(id)
                .filter(container -> runs.find(id).filter(Runs::isAlive).isPresent())
                .map(container -> OciSpec.differences(json(container), target, host))
                .orElse(List.of());
    }
}
