package io.hypervisor.bench;

/** Some numbers about one subject. */
interface Benchmark {
    /** Measures, and adds its rows. */
    void run(Setting setting);

    /** What a benchmark works with. */
    record Setting(Processes processes, Size size, ResultTable table) {}
}
