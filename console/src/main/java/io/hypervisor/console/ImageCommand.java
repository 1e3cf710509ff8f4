package io.hypervisor.console;

import io.hypervisor.api.v1.ComputeServiceGrpc;
import io.hypervisor.api.v1.CreateImageRequest;
import io.hypervisor.api.v1.DeleteImageRequest;
import io.hypervisor.api.v1.Image;
import io.hypervisor.api.v1.ImageSource;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.api.v1.ListImagesRequest;
import io.hypervisor.api.v1.ListImagesResponse;
import io.hypervisor.api.v1.PullImageProgress;
import io.hypervisor.api.v1.PullImageRequest;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

import java.time.Instant;
import java.util.Iterator;
import java.util.List;

@Command(
        name = "image",
        aliases = "images",
        synopsisSubcommandLabel = "VERB",
        commandListHeading = "%nVerbs:%n",
        description = "What instances boot from or run.")
final class ImageCommand {
    @ParentCommand Hvctl hvctl;

    @Command(description = "List the catalogue and the images that the nodes hold.")
    void list(
            @Option(
                            names = {"-t", "--type"},
                            paramLabel = "TYPE",
                            completionCandidates = Candidates.Types.class,
                            description = "Only for this type: ${COMPLETION-CANDIDATES}.")
                    InstanceType type,
            @Mixin Limit limit) {
        ListImagesRequest.Builder filter = ListImagesRequest.newBuilder();
        if (type != null) {
            filter.setType(type);
        }
        ListImagesResponse images =
                Session.pages(
                        limit.items(),
                        (size, token) ->
                                hvctl.session()
                                        .compute()
                                        .listImages(
                                                filter.setPageSize(size)
                                                        .setPageToken(token)
                                                        .build()));
        Instant now = hvctl.surroundings().clock().instant();
        List<Column<Image>> columns =
                List.of(
                        Column.of("IMAGE", Image::getName),
                        Column.of("TYPE", i -> Words.of(i.getType())),
                        Column.of("SIZE", i -> Units.size(i.getSizeBytes())),
                        Column.of("NODES", i -> "" + i.getNodeIdsCount()),
                        Column.of("AGE", i -> Units.age(i.getCreatedAt(), now)),
                        Column.wide("ID", Image::getId),
                        Column.wide("USER", Image::getDefaultUser),
                        Column.wide("URL", i -> i.getSource().getUrl()),
                        Column.wide("TAGS", i -> String.join(",", i.getTagsList())));
        hvctl.output().list(images, images.getImagesList(), columns);
    }

    @Command(
            description =
                    "Add what VMs boot from to the catalogue; nodes fetch it when they need it.")
    void create(
            @Parameters(paramLabel = "NAME", description = "What specs call it.") String name,
            @Option(
                            names = "--url",
                            required = true,
                            paramLabel = "URL",
                            description = "http://, https://, or file:// in the nodes' folders.")
                    String url,
            @Option(
                            names = "--sha256",
                            required = true,
                            paramLabel = "DIGEST",
                            description = "Of the file, as sha256sum prints it.")
                    String sha256,
            @Option(
                            names = "--format",
                            defaultValue = "",
                            paramLabel = "FORMAT",
                            description = "qcow2, raw, vmdk, kernel or initrd; else any disk.")
                    String format,
            @Option(
                            names = "--size",
                            defaultValue = "0",
                            paramLabel = "SIZE",
                            description = "Of the disk in the file, to be checked.")
                    Hvctl.Bytes size,
            @Option(
                            names = "--user",
                            defaultValue = "",
                            paramLabel = "USER",
                            description = "Whom the guest lets in, for people to read.")
                    String user) {
        Image made =
                hvctl.session()
                        .compute()
                        .createImage(
                                CreateImageRequest.newBuilder()
                                        .setName(name)
                                        .setType(InstanceType.INSTANCE_TYPE_VM)
                                        .setSource(
                                                ImageSource.newBuilder()
                                                        .setUrl(url)
                                                        .setSha256(sha256)
                                                        .setFormat(format)
                                                        .setVirtualSizeBytes(size.value()))
                                        .setDefaultUser(user)
                                        .setRequestId(hvctl.surroundings().requestIds().get())
                                        .build());
        if (hvctl.output().human()) {
            hvctl.say(made.getName() + " created");
        } else {
            hvctl.output().message(made);
        }
    }

    @Command(description = "Take images out of the catalogue; instances that have them keep them.")
    void delete(
            @Parameters(arity = "1..*", paramLabel = "NAME", description = "The images.")
                    List<String> names) {
        for (String name : names) {
            var _ =
                    hvctl.session()
                            .compute()
                            .deleteImage(DeleteImageRequest.newBuilder().setName(name).build());
            hvctl.say(name + " deleted");
        }
    }

    @Command(description = "Fetch an image to the nodes, and wait until it is there.")
    void pull(
            @Parameters(paramLabel = "IMAGE", description = "An image reference.") String image,
            @Option(
                            names = {"-t", "--type"},
                            required = true,
                            paramLabel = "TYPE",
                            completionCandidates = Candidates.Types.class,
                            description = "What it is for: ${COMPLETION-CANDIDATES}.")
                    InstanceType type,
            @Option(
                            names = {"-n", "--node"},
                            paramLabel = "NODE",
                            defaultValue = "",
                            completionCandidates = Candidates.Nodes.class,
                            description = "Only to this node; otherwise to all that are open.")
                    String node) {
        PullImageRequest.Builder request =
                PullImageRequest.newBuilder().setImageRef(image).setType(type);
        if (!node.isEmpty()) {
            request.setNodeId(new Lookup(hvctl.session()).node(node).getId());
        }
        // As long as it takes: only the nodes know how large it is.
        Iterator<PullImageProgress> steps =
                ComputeServiceGrpc.newBlockingStub(hvctl.session().channel())
                        .pullImage(request.build());
        PullImageProgress last = PullImageProgress.getDefaultInstance();
        try (Progress progress = new Progress(hvctl.surroundings())) {
            while (steps.hasNext()) {
                last = steps.next();
                progress.show(image + ": " + last.getStatus() + amount(last));
            }
        }
        if (!last.getCompleted()) {
            String why = last.getError().isEmpty() ? "the server ended it" : last.getError();
            throw Problem.failed("cannot pull " + image + ": " + why, "");
        }
        if (hvctl.output().human()) {
            hvctl.say(image + " pulled");
        } else {
            hvctl.output().message(last);
        }
    }

    private static String amount(PullImageProgress step) {
        if (step.getTotal() == 0) {
            return step.getCurrent() == 0 ? "" : " " + Units.size(step.getCurrent());
        }
        return " " + Units.size(step.getCurrent()) + " of " + Units.size(step.getTotal());
    }
}
