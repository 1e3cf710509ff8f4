package io.hypervisor.agent.door;

import io.hypervisor.agent.driver.DriverException;
import io.hypervisor.core.Fault;

/** What a caller is told when a driver fails. */
final class Faulty {
    private Faulty() {}

    /** The exception as a fault, or thrown again if it is a defect. */
    static Fault of(RuntimeException e) {
        return switch (e) {
            case Fault fault -> fault;
            case DriverException driver when driver.isPermanent() ->
                    Fault.of(Fault.Kind.FAILED_PRECONDITION, "DRIVER_REFUSED", driver.getMessage());
            case DriverException driver -> Fault.unavailable("DRIVER_FAILED", driver.getMessage());
            default -> throw e;
        };
    }
}
