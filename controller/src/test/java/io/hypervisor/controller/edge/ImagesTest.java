package io.hypervisor.controller.edge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.groups.Tuple.tuple;

import io.hypervisor.api.internal.v1.ClusterRecord;
import io.hypervisor.api.internal.v1.ImageRecord;
import io.hypervisor.api.v1.Image;
import io.hypervisor.api.v1.ImageSource;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.api.v1.ListImagesRequest;
import io.hypervisor.api.v1.PullImageRequest;
import io.hypervisor.controller.state.Snapshot;
import io.hypervisor.controller.state.Snapshots;
import io.hypervisor.controller.state.Table;

import org.junit.jupiter.api.Test;

import java.util.List;

final class ImagesTest {
    private static final String DIGEST = "a".repeat(64);
    private static final Snapshot NOW =
            Snapshots.empty()
                    .put(Table.CLUSTER, Table.SELF, ClusterRecord.getDefaultInstance())
                    .put(Table.IMAGE, "debian", record("debian", DIGEST))
                    .put(Table.IMAGE, "same", record("same", DIGEST))
                    .put(Table.IMAGE, "new", record("new", "b".repeat(64)))
                    .node("n1")
                    .health("n1", h -> h.addImages(vm("sha256:" + DIGEST)).addImages(vm("debian")))
                    .node("n2")
                    .health(
                            "n2",
                            h ->
                                    h.addImages(vm("sha256:" + "c".repeat(64)))
                                            .addImages(vm("local"))
                                            .addImages(
                                                    vm("box").toBuilder()
                                                            .setType(
                                                                    InstanceType
                                                                            .INSTANCE_TYPE_CONTAINER)))
                    .done();

    private static ImageRecord record(String name, String sha256) {
        return ImageRecord.newBuilder()
                .setImage(
                        vm(name).toBuilder()
                                .clearSizeBytes()
                                .setSource(ImageSource.newBuilder().setSha256(sha256)))
                .build();
    }

    private static Image vm(String name) {
        return Image.newBuilder()
                .setName(name)
                .setType(InstanceType.INSTANCE_TYPE_VM)
                .setSizeBytes(7)
                .build();
    }

    private static List<Image> list(InstanceType type) {
        ListImagesRequest request = ListImagesRequest.newBuilder().setType(type).build();
        return Images.list(NOW, request, Pages.of(NOW)).getImagesList();
    }

    @Test
    void theCatalogueIsListedWithTheNodesThatHoldCopies() {
        assertThat(list(InstanceType.INSTANCE_TYPE_VM))
                .extracting(
                        Image::getName, Image::getSizeBytes, i -> List.copyOf(i.getNodeIdsList()))
                .containsExactly(
                        tuple("debian", 7L, List.of("n1")),
                        tuple("local", 7L, List.of("n2")),
                        tuple("new", 0L, List.of()),
                        tuple("same", 7L, List.of("n1")));
        assertThat(list(InstanceType.INSTANCE_TYPE_CONTAINER))
                .extracting(Image::getName)
                .containsExactly("box");
        assertThat(list(InstanceType.INSTANCE_TYPE_UNSPECIFIED)).hasSize(5);
    }

    @Test
    void aNodeIsToldWhereAnImageOfTheCatalogueIs() {
        PullImageRequest request =
                PullImageRequest.newBuilder()
                        .setImageRef("debian")
                        .setType(InstanceType.INSTANCE_TYPE_VM)
                        .build();
        assertThat(Images.toNode(NOW, request).getSource().getSha256()).isEqualTo(DIGEST);
        assertThat(Images.toNode(NOW, request.toBuilder().setImageRef("local").build()).hasSource())
                .isFalse();
    }
}
