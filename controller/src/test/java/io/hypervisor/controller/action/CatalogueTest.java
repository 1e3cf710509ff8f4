package io.hypervisor.controller.action;

import static io.hypervisor.controller.action.Acting.act;
import static io.hypervisor.controller.action.Acting.refused;
import static io.hypervisor.controller.state.Snapshots.at;
import static io.hypervisor.controller.state.Snapshots.id;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypervisor.api.internal.v1.ImageRecord;
import io.hypervisor.api.internal.v1.RequestMark;
import io.hypervisor.api.v1.CreateImageRequest;
import io.hypervisor.api.v1.CreateInstanceRequest;
import io.hypervisor.api.v1.DeleteImageRequest;
import io.hypervisor.api.v1.Image;
import io.hypervisor.api.v1.ImageSource;
import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.InstanceSpec;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.controller.action.Acting.After;
import io.hypervisor.controller.network.NetworkConfig;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Snapshots;
import io.hypervisor.controller.state.Table;
import io.hypervisor.core.Fault;

import org.junit.jupiter.api.Test;

/** Images of the catalogue, and the instances that name them. */
final class CatalogueTest {
    private static final ImageSource SOURCE =
            ImageSource.newBuilder()
                    .setUrl("https://images.example/debian.qcow2")
                    .setSha256("a".repeat(64))
                    .build();
    private final Snapshot twoNodes = Snapshots.empty().node("n1").node("n2").done();

    private static CreateImage create(String name, String requestId) {
        CreateImageRequest request =
                CreateImageRequest.newBuilder()
                        .setName(name)
                        .setSource(SOURCE)
                        .setDefaultUser("debian")
                        .setRequestId(requestId)
                        .build();
        RequestMark mark =
                RequestMark.newBuilder().setId(requestId).setDigest(Digests.of(request)).build();
        return new CreateImage(request, mark, at(1));
    }

    private static DeleteImage delete(String name, long expectedRevision) {
        return new DeleteImage(
                DeleteImageRequest.newBuilder()
                        .setName(name)
                        .setExpectedRevision(expectedRevision)
                        .build());
    }

    private static CreateInstance vm(String image) {
        return instance(
                InstanceType.INSTANCE_TYPE_VM, InstanceSpec.newBuilder().setImage(image).build());
    }

    private static CreateInstance microVm(InstanceSpec spec) {
        return instance(InstanceType.INSTANCE_TYPE_MICROVM, spec);
    }

    private static CreateInstance instance(InstanceType type, InstanceSpec spec) {
        CreateInstanceRequest request =
                CreateInstanceRequest.newBuilder()
                        .setName("vm")
                        .setType(type)
                        .setSpec(spec)
                        .build();
        return new CreateInstance(
                request, Acting.fresh(id(100)), Digests.of(request), NetworkConfig.defaults());
    }

    @Test
    void anImageIsRecordedUnderItsName() {
        After<Image> made = act(twoNodes, create("debian", ""));
        assertThat(made.answer().getId()).isEqualTo("vm/debian");
        assertThat(made.answer().getType()).isEqualTo(InstanceType.INSTANCE_TYPE_VM);
        assertThat(made.answer().getSource()).isEqualTo(SOURCE);
        assertThat(made.answer().getDefaultUser()).isEqualTo("debian");
        assertThat(made.answer().getRevision()).isEqualTo(made.state().revision());
        refused(made.state(), create("debian", ""), Fault.Kind.ALREADY_EXISTS);
    }

    @Test
    void aRepeatedRequestReturnsTheFirstResult() {
        After<Image> first = act(twoNodes, create("debian", "r1"));
        After<Image> second = act(first.state(), create("debian", "r1"));
        assertThat(second.writes()).isZero();
        assertThat(second.answer()).isEqualTo(first.answer());
        Fault fault = refused(first.state(), create("other", "r1"), Fault.Kind.INVALID_ARGUMENT);
        assertThat(fault.violations().getFirst().field()).isEqualTo("request_id");
    }

    @Test
    void theCatalogueIsBounded() {
        Snapshots full = Snapshots.from(twoNodes);
        for (int i = 0; i < 1_000; i++) {
            full.put(Table.IMAGE, "image-" + i, ImageRecord.getDefaultInstance());
        }
        refused(full.done(), create("debian", ""), Fault.Kind.RESOURCE_EXHAUSTED);
    }

    @Test
    void anInstanceKeepsWhatTheCatalogueSaid() {
        Snapshot catalogued = act(twoNodes, create("debian", "")).state();
        After<Instance> made = act(catalogued, vm("debian"));
        assertThat(made.answer().getSpec().getImage()).isEqualTo("debian");
        assertThat(made.answer().getSpec().getImageSource()).isEqualTo(SOURCE);
        refused(made.state(), delete("debian", 1), Fault.Kind.ABORTED);
        Snapshot deleted = act(made.state(), delete("debian", 0)).state();
        assertThat(deleted.images()).isEmpty();
        assertThat(deleted.instance(id(100)).orElseThrow().value().getSpec().getImageSource())
                .isEqualTo(SOURCE);
        refused(deleted, delete("debian", 0), Fault.Kind.NOT_FOUND);
    }

    @Test
    void aMicroVmKeepsWhatTheCatalogueSaidOfItsKernel() {
        ImageSource kernel = SOURCE.toBuilder().setFormat("kernel").build();
        Snapshot catalogued =
                Snapshots.from(twoNodes)
                        .put(Table.IMAGE, "linux", record(kernel))
                        .put(Table.IMAGE, "debian", record(SOURCE))
                        .done();
        InstanceSpec spec = InstanceSpec.newBuilder().setKernel("linux").build();
        InstanceSpec made = act(catalogued, microVm(spec)).answer().getSpec();
        assertThat(made.getKernelSource()).isEqualTo(kernel);
        assertThat(made.hasImageSource() || made.hasInitrdSource()).isFalse();
        InstanceSpec wrong = spec.toBuilder().setImage("debian").setInitrd("linux").build();
        Fault fault = refused(catalogued, microVm(wrong), Fault.Kind.INVALID_ARGUMENT);
        assertThat(fault.violations().getFirst().field()).isEqualTo("spec.initrd");
    }

    private static ImageRecord record(ImageSource source) {
        return ImageRecord.newBuilder().setImage(Image.newBuilder().setSource(source)).build();
    }

    @Test
    void nodesThatHoldACopyComeFirstAndAllOthersFit() {
        Snapshot catalogued = act(twoNodes, create("debian", "")).state();
        Snapshot held =
                Snapshots.from(catalogued)
                        .health("n1", h -> h.addImages(held("other")))
                        .health("n2", h -> h.addImages(held("sha256:" + SOURCE.getSha256())))
                        .instance("1", "n2")
                        .done();
        assertThat(act(held, vm("debian")).answer().getNodeId()).isEqualTo("n2");
        assertThat(act(held, vm("other")).answer().getNodeId()).isEqualTo("n1");
        Snapshot nowhere =
                Snapshots.from(catalogued)
                        .health("n1", h -> h.addImages(held("other")))
                        .health("n2", h -> h.addImages(held("other")))
                        .done();
        assertThat(act(nowhere, vm("debian")).answer().getNodeId()).isNotEmpty();
        refused(nowhere, vm("unknown"), Fault.Kind.RESOURCE_EXHAUSTED);
    }

    private static Image held(String name) {
        return Image.newBuilder().setName(name).setType(InstanceType.INSTANCE_TYPE_VM).build();
    }
}
