package io.hypervisor.agent.driver.libvirt;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonParser;

import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.agent.driver.Target;
import io.hypervisor.agent.driver.guest.Acceleration;
import io.hypervisor.agent.driver.guest.Blueprint;
import io.hypervisor.agent.driver.guest.ImageFolders;
import io.hypervisor.agent.driver.libvirt.LibvirtConfig.MachineType;
import io.hypervisor.api.v1.DiskSpec;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.api.v1.Metadata;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Texts that mean more than they should elsewhere, in every field of a spec that is one: whatever
 * the driver makes of them, it names no file but the image's and those of the instance's folder,
 * and no value becomes an element. The driver's own last line: requests with most of these are
 * refused long before.
 */
class HostileSpecTest {
    private static final String ID = "0190b6d4-8c1e-7a51-9f3e-0242ac120002";

    @TempDir Path root;

    private Path images;
    private Path folder;

    /** Where a spec has texts. */
    private enum Field {
        NAME,
        IMAGE,
        KERNEL,
        INITRD,
        KERNEL_ARGS,
        DISK_NAME,
        DISK_TYPE,
        USER_DATA,
        SSH_KEYS,
        NETWORK_CONFIG;
    }

    record Case(Field field, String text) {}

    static Stream<Case> cases() {
        List<String> texts =
                List.of(
                        "../../../etc/shadow",
                        "/etc/shadow",
                        "..",
                        "a/../../b",
                        "a,file=/etc/shadow",
                        "json:{\"file.filename\":\"/etc/shadow\"}",
                        "nbd:localhost:1",
                        "a\"/><disk type='file'><source file='/etc/shadow'/></disk>",
                        "</cmdline><kernel>/etc/shadow</kernel>",
                        "]]><!ENTITY x SYSTEM \"file:///etc/shadow\">&x;",
                        "&xxe;",
                        "a\u0000b",
                        "a\nb: [x",
                        "\"}\n- instance-id: other",
                        "$(reboot)`reboot`;reboot|reboot&",
                        "-o/etc/shadow",
                        "%s%n",
                        "\u202e\ud800\uffff\u0007",
                        "x".repeat(100_000));
        return Stream.of(Field.values())
                .flatMap(field -> texts.stream().map(text -> new Case(field, text)));
    }

    @BeforeEach
    void makeImages() throws IOException {
        images = Files.createDirectories(root.resolve("images"));
        folder = Files.createDirectories(root.resolve("vm")).resolve(ID);
        Files.write(images.resolve("base.raw"), new byte[1 << 20]);
        Files.write(images.resolve("vmlinuz"), new byte[16]);
        Files.writeString(root.resolve("b"), "outside");
    }

    private static Target target(Case bad) {
        String text = bad.text();
        DiskSpec.Builder disk = DiskSpec.newBuilder().setName("data").setSizeBytes(1 << 20);
        InstanceSpec.Builder spec = InstanceSpec.newBuilder().setImage("base").setKernel("vmlinuz");
        Metadata.Builder metadata = Metadata.newBuilder();
        String name = "web";
        switch (bad.field()) {
            case NAME -> name = text;
            case IMAGE -> spec.setImage(text);
            case KERNEL -> spec.setKernel(text);
            case INITRD -> spec.setInitrd(text);
            case KERNEL_ARGS -> spec.setKernelArgs(text);
            case DISK_NAME -> disk.setName(text);
            case DISK_TYPE -> disk.setType(text);
            case USER_DATA -> metadata.putAnnotations("cloud-init/user-data", text);
            case SSH_KEYS -> metadata.putAnnotations("cloud-init/ssh-authorized-keys", text);
            case NETWORK_CONFIG -> metadata.putAnnotations("cloud-init/network-config", text);
        }
        return new Target(
                ID, 1, 1, name, false, spec.addDisks(disk).build(), metadata.build(), List.of());
    }

    @ParameterizedTest
    @MethodSource("cases")
    void nothingOutsideIsNamedAndNoValueIsMoreThanAValue(Case bad) {
        Target target = target(bad);
        Blueprint blueprint;
        try {
            blueprint =
                    Blueprint.of(
                            target,
                            folder,
                            new ImageFolders(InstanceType.INSTANCE_TYPE_VM, List.of(images)),
                            false);
        } catch (DriverException refused) {
            assertThat(refused.isPermanent()).isTrue();
            assertThat(refused.getMessage()).hasSizeLessThan(2_000).doesNotContain("\n", "\u0000");
            return;
        }
        Element domain = Xml.parse(xml(blueprint));
        assertThat(all(domain, "disk")).hasSize(3);
        assertThat(all(domain, "kernel")).hasSize(1);
        assertThat(all(domain, "title")).hasSize(1);
        assertThat(files(domain))
                .allMatch(
                        path -> path.startsWith(folder) || path.startsWith(images),
                        "below the instance's folder or an image folder");
        assertThat(blueprint.disks())
                .allMatch(disk -> disk.path().getParent().equals(folder), "directly in the folder");
        var seed = Seed.content(target);
        assertThat(seed.keySet()).isSubsetOf(Set.of("meta-data", "user-data", "network-config"));
        var meta = JsonParser.parseString(seed.get("meta-data")).getAsJsonObject();
        assertThat(meta.keySet()).isSubsetOf("instance-id", "local-hostname", "public-keys");
        assertThat(meta.get("instance-id").getAsString()).isEqualTo(ID);
    }

    private static String xml(Blueprint blueprint) {
        LibvirtConfig config =
                new LibvirtConfig(
                        "qemu:///system",
                        List.of(),
                        Acceleration.TCG,
                        MachineType.PC,
                        Optional.empty());
        return DomainXml.of(blueprint, DomainRecord.of(blueprint.target(), "/vm"), config);
    }

    private static List<Element> all(Element domain, String name) {
        List<Element> found = new ArrayList<>();
        NodeList nodes = domain.getElementsByTagName(name);
        for (int i = 0; i < nodes.getLength(); i++) {
            found.add((Element) nodes.item(i));
        }
        return found;
    }

    /** All that libvirt would open. */
    private static List<Path> files(Element domain) {
        List<Path> files = new ArrayList<>();
        for (String name : List.of("source", "log")) {
            for (Element element : all(domain, name)) {
                for (String attribute : List.of("file", "path", "dev", "dir")) {
                    if (!element.getAttribute(attribute).isEmpty()) {
                        files.add(Path.of(element.getAttribute(attribute)));
                    }
                }
            }
        }
        for (String name : List.of("kernel", "initrd", "nvram", "loader")) {
            all(domain, name).forEach(element -> files.add(Path.of(element.getTextContent())));
        }
        assertThat(files).isNotEmpty();
        return files;
    }
}
