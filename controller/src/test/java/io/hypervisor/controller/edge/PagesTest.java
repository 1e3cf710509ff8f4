package io.hypervisor.controller.edge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.hypervisor.api.v1.Instance;
import io.hypervisor.api.v1.ListImagesRequest;
import io.hypervisor.api.v1.ListInstancesRequest;
import io.hypervisor.api.v1.ListNodesRequest;
import io.hypervisor.api.v1.Metadata;
import io.hypervisor.core.Fault;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.IntStream;

final class PagesTest {
    private static final ListInstancesRequest FILTERS =
            ListInstancesRequest.newBuilder()
                    .putLabelSelector("a", "1")
                    .putLabelSelector("b", "2")
                    .build();

    private final Pages pages = new Pages("cluster-1");

    @Property(tries = 100)
    void pagesHoldEverythingOnceAndInOrder(
            @ForAll @IntRange(max = 500) int count, @ForAll @IntRange(max = 150) int size) {
        TreeSet<String> keys = new TreeSet<>();
        IntStream.range(0, count).forEach(i -> keys.add("key-" + i));
        List<String> got = new ArrayList<>();
        String token = "";
        do {
            Pages.Cursor cursor = pages.open(FILTERS, size, token);
            Pages.Page<String> page =
                    cursor.take(keys.tailSet(cursor.after(), false).iterator(), key -> key);
            assertThat(page.items()).hasSizeLessThanOrEqualTo(size == 0 ? 20 : Math.min(size, 100));
            got.addAll(page.items());
            token = page.nextToken();
        } while (!token.isEmpty());
        assertThat(got).containsExactlyElementsOf(keys);
    }

    @Test
    void aPageOfLargeItemsIsShorter() {
        Instance large =
                Instance.newBuilder()
                        .setMetadata(Metadata.newBuilder().putAnnotations("a", "x".repeat(500_000)))
                        .build();
        Pages.Page<Instance> page =
                pages.open(FILTERS, 100, "")
                        .take(Collections.nCopies(50, large).iterator(), instance -> "key");
        assertThat(page.items()).hasSize(5);
        assertThat(page.nextToken()).isNotEmpty();
    }

    private String token() {
        return pages.open(FILTERS, 1, "").take(List.of("k1", "k2").iterator(), k -> k).nextToken();
    }

    @Test
    void aTokenWorksOnEveryReplicaOfItsCluster() {
        assertThat(new Pages("cluster-1").open(FILTERS, 1, token()).after()).isEqualTo("k1");
    }

    @Test
    void theOrderOfLabelsDoesNotMatter() {
        ListInstancesRequest same =
                ListInstancesRequest.newBuilder()
                        .putLabelSelector("b", "2")
                        .putLabelSelector("a", "1")
                        .build();
        assertThat(pages.open(same, 1, token()).after()).isEqualTo("k1");
    }

    @Test
    void foreignAlteredAndOtherTokensAreRefused() {
        String token = token();
        refused(() -> new Pages("cluster-2").open(FILTERS, 1, token));
        refused(() -> pages.open(ListInstancesRequest.getDefaultInstance(), 1, token));
        refused(() -> pages.open(ListNodesRequest.getDefaultInstance(), 1, token));
        refused(() -> pages.open(ListImagesRequest.getDefaultInstance(), 1, token));
        refused(() -> pages.open(FILTERS, 1, token.substring(1)));
        refused(() -> pages.open(FILTERS, 1, token + "A"));
        refused(() -> pages.open(FILTERS, 1, "?"));
        refused(() -> pages.open(FILTERS, 1, "AAAA".repeat(5000)));
        for (int i = 0; i < token.length(); i++) {
            char other = token.charAt(i) == 'A' ? 'Q' : 'A';
            String altered = token.substring(0, i) + other + token.substring(i + 1);
            refused(() -> pages.open(FILTERS, 1, altered));
        }
    }

    private static void refused(Runnable call) {
        Fault fault = catchThrowableOfType(Fault.class, call::run);
        assertThat(fault).isNotNull();
        assertThat(fault.kind()).isEqualTo(Fault.Kind.INVALID_ARGUMENT);
        assertThat(fault.violations())
                .extracting(Fault.Violation::field)
                .containsExactly("page_token");
    }
}
