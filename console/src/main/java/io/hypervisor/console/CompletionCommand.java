package io.hypervisor.console;

import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

@Command(
        name = "completion",
        description = {
            "Write the script that lets your shell complete hvctl's words, and the names of"
                    + " instances and nodes.",
            "For bash:  source <(hvctl completion bash)",
            "For zsh:   autoload -U compinit bashcompinit; compinit; bashcompinit; source <(hvctl"
                    + " completion zsh)"
        })
final class CompletionCommand implements Runnable {
    /** The shells that can complete. */
    enum Shell {
        bash,
        zsh
    }

    @ParentCommand Hvctl hvctl;

    @Parameters(paramLabel = "SHELL", description = "One of ${COMPLETION-CANDIDATES}.")
    Shell shell;

    @Override
    public void run() {
        // One script serves both: in zsh it switches bash's way of completing on.
        String script = AutoComplete.bash("hvctl", hvctl.commandLine());
        hvctl.surroundings()
                .out()
                .print(
                        script.replace("\"" + Candidates.INSTANCES + "\"", live("instance"))
                                .replace("\"" + Candidates.NODES + "\"", live("node")));
    }

    private static String live(String noun) {
        return "$(hvctl " + noun + " list -o name --timeout-call 2s 2>/dev/null)";
    }
}
