package io.hypervisor.bench;

import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

import java.util.Arrays;
import java.util.Collection;

/** Runs the JMH methods of a class: eight seconds for each, in a process of their own. */
final class Micro {
    private Micro() {}

    /** The results of each method for each value of the class's one parameter. */
    static Collection<RunResult> run(Class<?> subject, Size size, String parameter, int... values) {
        boolean tiny = size.starts() == 1;
        var options =
                new OptionsBuilder()
                        .include(subject.getName() + "\\.")
                        .param(
                                parameter,
                                Arrays.stream(values)
                                        .mapToObj(Integer::toString)
                                        .toArray(String[]::new))
                        .forks(tiny ? 0 : 1)
                        .warmupIterations(tiny ? 1 : 3)
                        .measurementIterations(tiny ? 1 : 5)
                        .warmupTime(TimeValue.milliseconds(tiny ? 10 : 1_000))
                        .measurementTime(TimeValue.milliseconds(tiny ? 10 : 1_000))
                        .jvmArgsAppend("-XX:+UseSerialGC", "-Xmx1g")
                        .verbosity(VerboseMode.SILENT);
        try {
            return new Runner(options.build()).run();
        } catch (RunnerException e) {
            throw new IllegalStateException(e);
        }
    }

    /** In nanoseconds. Medians count, because the machine may do something else meanwhile. */
    static double median(RunResult result) {
        return result.getPrimaryResult().getStatistics().getPercentile(50);
    }
}
