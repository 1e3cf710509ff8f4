package io.hypervisor.console;

import com.google.protobuf.ProtocolMessageEnum;

import io.hypervisor.api.v1.Firmware;
import io.hypervisor.api.v1.InstanceState;
import io.hypervisor.api.v1.InstanceType;
import io.hypervisor.api.v1.NodeRole;
import io.hypervisor.api.v1.NodeStatus;
import io.hypervisor.api.v1.RestartPolicy;
import io.hypervisor.api.v1.Watchdog;

import java.util.ArrayList;
import java.util.List;

/** The words that help shows and completion offers. Picocli makes them by class. */
final class Candidates {
    /** Stands in the completion script where the names of what exists go. */
    static final String INSTANCES = "@instance@";

    /** As {@link #INSTANCES}, for nodes. */
    static final String NODES = "@node@";

    private Candidates() {}

    abstract static class Enums extends ArrayList<String> {
        private static final long serialVersionUID = 1;

        <E extends Enum<E> & ProtocolMessageEnum> Enums(Class<E> type) {
            super(Words.all(type));
        }
    }

    static final class Types extends Enums {
        private static final long serialVersionUID = 1;

        Types() {
            super(InstanceType.class);
        }
    }

    static final class States extends Enums {
        private static final long serialVersionUID = 1;

        States() {
            super(InstanceState.class);
        }
    }

    static final class Statuses extends Enums {
        private static final long serialVersionUID = 1;

        Statuses() {
            super(NodeStatus.class);
        }
    }

    static final class Roles extends Enums {
        private static final long serialVersionUID = 1;

        Roles() {
            super(NodeRole.class);
        }
    }

    static final class RestartPolicies extends Enums {
        private static final long serialVersionUID = 1;

        RestartPolicies() {
            super(RestartPolicy.class);
        }
    }

    static final class Firmwares extends Enums {
        private static final long serialVersionUID = 1;

        Firmwares() {
            super(Firmware.class);
        }
    }

    static final class Watchdogs extends Enums {
        private static final long serialVersionUID = 1;

        Watchdogs() {
            super(Watchdog.class);
        }
    }

    static final class Instances extends ArrayList<String> {
        private static final long serialVersionUID = 1;

        Instances() {
            super(List.of(INSTANCES));
        }
    }

    static final class Nodes extends ArrayList<String> {
        private static final long serialVersionUID = 1;

        Nodes() {
            super(List.of(NODES));
        }
    }
}
