package io.hypervisor.console;

import static picocli.CommandLine.ScopeType.INHERIT;

import io.grpc.StatusRuntimeException;
import io.hypervisor.api.v1.Firmware;
import io.hypervisor.api.v1.InstanceState;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.api.v1.NetworkType;
import io.hypervisor.api.v1.NodeRole;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.api.v1.RestartPolicy;
import io.hypervisor.api.v1.SecurityRuleDirection;
import io.hypervisor.api.v1.Watchdog;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.TypeConversionException;
import picocli.CommandLine.UnmatchedArgumentException;

import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The root of the grammar, and what every verb shares. */
@Command(
        name = "hvctl",
        description = "Works with a cluster of hypervisors through its API.",
        synopsisSubcommandLabel = "NOUN VERB",
        commandListHeading = "%nNouns:%n",
        optionListHeading = "%nOptions of every verb:%n",
        footer = {
            "",
            "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not placed, 4 timed out,",
            "            5 a traced packet is dropped.",
            "Variables:  HVCTL_SERVER, HVCTL_CONTEXT, NO_COLOR."
        })
final class Hvctl {
    private static final List<Class<?>> NOUNS =
            List.of(
                    ClusterCommand.class,
                    NodeCommand.class,
                    InstanceCommand.class,
                    ImageCommand.class,
                    NetworkCommand.class,
                    SubnetCommand.class,
                    PortCommand.class,
                    SecurityGroupCommand.class,
                    RouterCommand.class,
                    FloatingIpCommand.class,
                    QueryCommand.class,
                    ContextCommand.class,
                    VersionCommand.class,
                    CompletionCommand.class);

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            scope = INHERIT,
            description = "Show what a command does.")
    boolean help;

    @Option(
            names = "--server",
            paramLabel = "HOST:PORT",
            defaultValue = "",
            scope = INHERIT,
            description = "The server to ask, without TLS. Default: as the context says.")
    String server;

    @Option(
            names = "--context",
            paramLabel = "NAME",
            defaultValue = "",
            scope = INHERIT,
            description = "The context to use; see hvctl context.")
    String context;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FORMAT",
            defaultValue = "table",
            scope = INHERIT,
            description = "One of ${COMPLETION-CANDIDATES}. Default: ${DEFAULT-VALUE}.")
    Output.Format format;

    @Option(
            names = "--columns",
            paramLabel = "NAME",
            split = ",",
            scope = INHERIT,
            description = "The columns of a table, in this order.")
    List<String> columns = List.of();

    @Option(names = "--no-header", scope = INHERIT, description = "Leave out a table's first line.")
    boolean noHeader;

    @Option(
            names = "--timeout-call",
            paramLabel = "TIME",
            defaultValue = "30s",
            scope = INHERIT,
            description = "How long one call may take. Default: ${DEFAULT-VALUE}.")
    Duration timeoutCall;

    private final Surroundings surroundings;
    private Optional<Session> session = Optional.empty();
    private Optional<Output> output = Optional.empty();

    Hvctl(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    /** Runs one command line and returns the exit code. */
    static int run(Surroundings surroundings, String... args) {
        Hvctl hvctl = new Hvctl(surroundings);
        try {
            int code = hvctl.commandLine(nouns(args)).execute(args);
            surroundings.out().flush();
            return code;
        } finally {
            hvctl.session.ifPresent(Session::close);
        }
    }

    // Most of the time hvctl takes to start goes into describing verbs: so only what is named.
    private static List<Class<?>> nouns(String... args) {
        Set<String> words = Set.copyOf(Arrays.asList(args));
        List<Class<?>> named =
                NOUNS.stream().filter(noun -> names(noun).anyMatch(words::contains)).toList();
        return named.isEmpty() ? NOUNS : named;
    }

    private static Stream<String> names(Class<?> noun) {
        Command command = noun.getAnnotation(Command.class);
        return Stream.concat(Stream.of(command.name()), Arrays.stream(command.aliases()));
    }

    /** The whole grammar, ready to parse. */
    CommandLine commandLine() {
        return commandLine(NOUNS);
    }

    private CommandLine commandLine(List<Class<?>> nouns) {
        CommandLine line = new CommandLine(this);
        nouns.forEach(line::addSubcommand);
        abbreviate(line);
        return line.registerConverter(Duration.class, converter(Units::time))
                .registerConverter(Bytes.class, converter(text -> new Bytes(Units.bytes(text))))
                .registerConverter(
                        InstanceType.class,
                        converter(text -> Words.parse(InstanceType.class, text)))
                .registerConverter(
                        InstanceState.class,
                        converter(text -> Words.parse(InstanceState.class, text)))
                .registerConverter(
                        NodeStatus.class, converter(text -> Words.parse(NodeStatus.class, text)))
                .registerConverter(
                        NodeRole.class, converter(text -> Words.parse(NodeRole.class, text)))
                .registerConverter(
                        NetworkType.class, converter(text -> Words.parse(NetworkType.class, text)))
                .registerConverter(
                        SecurityRuleDirection.class,
                        converter(text -> Words.parse(SecurityRuleDirection.class, text)))
                .registerConverter(
                        RestartPolicy.class,
                        converter(text -> Words.parse(RestartPolicy.class, text)))
                .registerConverter(
                        Firmware.class, converter(text -> Words.parse(Firmware.class, text)))
                .registerConverter(
                        Watchdog.class, converter(text -> Words.parse(Watchdog.class, text)))
                .setColorScheme(
                        CommandLine.Help.defaultColorScheme(
                                surroundings.colour() ? Ansi.ON : Ansi.OFF))
                .setUsageHelpAutoWidth(false)
                .setUsageHelpWidth(100)
                .setOut(new PrintWriter(surroundings.out(), true, StandardCharsets.UTF_8))
                .setErr(new PrintWriter(surroundings.err(), true, StandardCharsets.UTF_8))
                .setExecutionExceptionHandler((e, at, parsed) -> failed(e))
                .setParameterExceptionHandler((e, args) -> misused(e));
    }

    private static void abbreviate(CommandLine line) {
        line.getCommandSpec().usageMessage().abbreviateSynopsis(true);
        line.getSubcommands().values().forEach(Hvctl::abbreviate);
    }

    Surroundings surroundings() {
        return surroundings;
    }

    /** The connection, opened when a verb first asks for it. */
    Session session() {
        if (session.isEmpty()) {
            session = Optional.of(new Session(chosenContext(), timeoutCall));
        }
        return session.get();
    }

    Context chosenContext() {
        return Contexts.read(surroundings.config()).choose(server, context, surroundings);
    }

    Output output() {
        if (output.isEmpty()) {
            output =
                    Optional.of(
                            new Output(
                                    surroundings.out(),
                                    format,
                                    !noHeader,
                                    columns,
                                    surroundings.colour()));
        }
        return output.get();
    }

    /** Says something about the answer, beside it. */
    void say(String line) {
        surroundings.out().flush();
        surroundings.err().println(line);
        surroundings.err().flush();
    }

    private int failed(Exception e) {
        return switch (e) {
            case Problem problem -> report(problem);
            case StatusRuntimeException status -> report(Problems.of(status, session().server()));
            case UncheckedIOException io ->
                    report(
                            new Problem(
                                    Problem.FAILED,
                                    String.valueOf(io.getMessage()),
                                    List.of(String.valueOf(io.getCause())),
                                    ""));
            case RuntimeException defect -> throw defect;
            default -> throw new IllegalStateException(e);
        };
    }

    private int misused(ParameterException e) {
        CommandSpec spec = e.getCommandLine().getCommandSpec();
        String help = spec.qualifiedName() + " --help";
        // Picocli's own guess finds wait for lsit.
        String advice =
                e instanceof UnmatchedArgumentException unmatched
                        ? Nearest.to(unmatched.getUnmatched().getFirst(), words(spec))
                                .map(near -> "did you mean " + near + "? " + help)
                                .orElse(help)
                        : help;
        String[] lines = String.valueOf(e.getMessage()).strip().split("\\R", 2);
        return report(Problem.usage(lines[0].replace("option option", "option"), advice));
    }

    /** What may stand where something unknown stood. */
    private static Set<String> words(CommandSpec spec) {
        return Stream.concat(
                        spec.subcommands().keySet().stream(), spec.optionsMap().keySet().stream())
                .collect(Collectors.toSet());
    }

    private int report(Problem problem) {
        surroundings.out().flush();
        surroundings.err().print(problem.text());
        surroundings.err().flush();
        return problem.exitCode();
    }

    private static <T> ITypeConverter<T> converter(Function<String, T> parse) {
        return text -> {
            try {
                return parse.apply(text);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(e.getMessage());
            }
        };
    }

    /** An amount of memory or disk. */
    record Bytes(long value) {}
}
