package io.hypervisor.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.api.AnnotationsProto;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.DescriptorProtos.FileDescriptorSet;
import com.google.protobuf.ExtensionRegistry;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The API reference says what the protos say. {@code make proto} writes it anew. */
class ApiReferenceTest {
    private static final Path PAGES = Path.of("..", "docs", "reference");

    @Test
    void thePagesAreThoseOfTheProtos() throws IOException {
        Map<String, String> wanted = pages(publicFiles());
        if (Boolean.getBoolean("api.accept")) {
            for (Map.Entry<String, String> page : wanted.entrySet()) {
                Files.writeString(PAGES.resolve(page.getKey()), page.getValue());
            }
        }
        assertThat(present()).as("run: make proto").isEqualTo(wanted);
    }

    @Test
    void everyFieldAndValueSaysWhatItIs() throws IOException {
        assertThat(pages(publicFiles()).values().stream().flatMap(String::lines))
                .noneMatch(line -> line.endsWith("|  |"));
    }

    private static Map<String, String> pages(List<FileDescriptorProto> files) {
        Map<String, String> homes =
                files.stream()
                        .flatMap(f -> ApiReference.types(f).map(t -> Map.entry(t, f.getName())))
                        .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
        return files.stream()
                .collect(
                        Collectors.toMap(
                                f -> ApiReference.page(f.getName()),
                                f -> new ApiReference(f, homes).text()));
    }

    private static List<FileDescriptorProto> publicFiles() throws IOException {
        ExtensionRegistry annotations = ExtensionRegistry.newInstance();
        AnnotationsProto.registerAllExtensions(annotations);
        try (InputStream in = ApiReferenceTest.class.getResourceAsStream("/hypervisor.binpb")) {
            return FileDescriptorSet.parseFrom(in, annotations).getFileList().stream()
                    .filter(file -> file.getPackage().equals("hypervisor.v1"))
                    .toList();
        }
    }

    private static Map<String, String> present() throws IOException {
        try (Stream<Path> pages = Files.list(PAGES)) {
            return pages.filter(page -> !page.endsWith("README.md"))
                    .collect(
                            Collectors.toMap(
                                    page -> page.getFileName().toString(),
                                    ApiReferenceTest::content));
        }
    }

    private static String content(Path page) {
        try {
            return Files.readString(page);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
