package io.hypervisor.sim;

/** A machine with an address, a clock of its own, and power or none. */
final class SimMachine {
    private final Kernel kernel;
    private final String name;
    private final String ip;
    private final double rate;
    private final SimClock.Wall wall = new SimClock.Wall();
    private boolean powered = true;
    private int starts;
    private double crashChance;
    private Runnable crash = () -> {};

    SimMachine(Kernel kernel, String name, String ip, double rate) {
        this.kernel = kernel;
        this.name = name;
        this.ip = ip;
        this.rate = rate;
    }

    Kernel kernel() {
        return kernel;
    }

    String name() {
        return name;
    }

    String ip() {
        return ip;
    }

    /** How fast its clock runs. */
    double rate() {
        return rate;
    }

    SimClock.Wall wall() {
        return wall;
    }

    boolean powered() {
        return powered;
    }

    void power(boolean on) {
        powered = on;
        kernel.note(name, on ? "power on" : "power off");
    }

    /** Lets its processes die at their effects, with this chance at each. */
    void crashAtEffects(double chance, Runnable by) {
        crashChance = chance;
        crash = by;
    }

    boolean crashesHere() {
        return crashChance > 0 && kernel.chance(crashChance);
    }

    void crash() {
        crash.run();
    }

    /** A new process. */
    SimProcess process() {
        starts++;
        kernel.note(name, "process " + starts + " starts");
        return new SimProcess(this, starts);
    }
}
