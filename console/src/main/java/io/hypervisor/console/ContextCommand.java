package io.hypervisor.console;

import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

import java.util.List;
import java.util.stream.Stream;

@Command(
        name = "context",
        aliases = "contexts",
        synopsisSubcommandLabel = "VERB",
        commandListHeading = "%nVerbs:%n",
        description = "The clusters that you know, from the file ~/.config/hvctl/config.yaml.")
final class ContextCommand {
    @ParentCommand Hvctl hvctl;

    @Command(description = "List the contexts; the one in use has a star.")
    void list() {
        Context used = hvctl.chosenContext();
        Contexts contexts = Contexts.read(hvctl.surroundings().config());
        List<Column<Context>> columns =
                List.of(
                        Column.of("CONTEXT", c -> c.name().isEmpty() ? "(none)" : c.name()),
                        Column.of("SERVER", Context::server),
                        Column.of("TLS", c -> tls(c)),
                        Column.of("IN USE", c -> c.equals(used) ? "*" : ""));
        boolean outside = contexts.all().stream().noneMatch(used::equals);
        List<Context> shown =
                outside
                        ? Stream.concat(contexts.all().stream(), Stream.of(used)).toList()
                        : contexts.all();
        if (hvctl.output().format() == Output.Format.name) {
            contexts.all().forEach(c -> hvctl.surroundings().out().println(c.name()));
        } else {
            hvctl.output().table(shown, columns);
        }
    }

    @Command(description = "Use a context from now on.")
    void use(@Parameters(paramLabel = "NAME", description = "One of the list.") String name) {
        Contexts.read(hvctl.surroundings().config()).use(name);
        hvctl.say("using " + name);
    }

    private static String tls(Context context) {
        return context.tls()
                .map(tls -> tls.cert().isEmpty() ? "server" : "server and client")
                .orElse("no");
    }
}
