package io.hypervisor.cluster.input;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;

import io.grpc.Status;

import org.slf4j.LoggerFactory;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.LongAdder;
import java.util.logging.Handler;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;
import java.util.regex.Pattern;

/** What servers answered and logged that they never should. */
final class Findings implements AutoCloseable {
    private static final Pattern TRACE =
            Pattern.compile("Exception|\\tat |io\\.hypervisor\\.|internal error");
    private static final Pattern STATUS_LINE = Pattern.compile("HTTP/1.1 500.*", Pattern.DOTALL);
    // UNKNOWN, INTERNAL and DATA_LOSS, as a header or as a trailer in a body.
    private static final Pattern GRPC_STATUS =
            Pattern.compile("grpc-status: ?(2|13|15)\\D.*", Pattern.DOTALL);
    // What is attacked here speaks TCP. What a connection to a daemon by its socket left when an
    // earlier test ended that daemon is told of whenever the collector finds it.
    private static final String OF_OTHERS = "EpollDomainSocketChannel";
    private static final int MAX_KEPT = 20;

    private final List<String> bad = new CopyOnWriteArrayList<>();
    private final Map<String, LongAdder> answers = new ConcurrentHashMap<>();
    private final Logger root = (Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME);
    private final java.util.logging.Logger julRoot = LogManager.getLogManager().getLogger("");

    private final AppenderBase<ILoggingEvent> appender =
            new AppenderBase<>() {
                @Override
                protected void append(ILoggingEvent event) {
                    if (event.getLevel().isGreaterOrEqual(Level.ERROR)
                            && !event.getFormattedMessage().contains(OF_OTHERS)) {
                        add(
                                "logged: "
                                        + event.getLoggerName()
                                        + ": "
                                        + event.getFormattedMessage()
                                        + (event.getThrowableProxy() == null
                                                ? ""
                                                : " "
                                                        + event.getThrowableProxy().getClassName()
                                                        + ": "
                                                        + event.getThrowableProxy().getMessage()));
                    }
                }
            };
    private final Handler handler =
            new Handler() {
                @Override
                public void publish(LogRecord record) {
                    if (record.getLevel().intValue() >= java.util.logging.Level.SEVERE.intValue()) {
                        add(
                                "logged: "
                                        + record.getLoggerName()
                                        + ": "
                                        + record.getMessage()
                                        + " "
                                        + record.getThrown());
                    }
                }

                @Override
                public void flush() {}

                @Override
                public void close() {}
            };

    Findings() {
        appender.start();
        root.addAppender(appender);
        julRoot.addHandler(handler);
    }

    void grpc(String method, Status status) {
        count(status.getCode().name());
        String text = status.getDescription() == null ? "" : status.getDescription();
        switch (status.getCode()) {
            case INTERNAL, UNKNOWN, DATA_LOSS -> add(method + ": " + status);
            default -> {
                if (TRACE.matcher(text).find()) {
                    add(method + ": " + status);
                }
            }
        }
    }

    void http(String path, String answer) {
        count("HTTP " + (answer.length() < 12 ? "none" : answer.substring(9, 12)));
        boolean metrics = path.startsWith("/metrics");
        if (STATUS_LINE.matcher(answer).matches()
                || GRPC_STATUS.matcher(answer).find()
                || (!metrics && TRACE.matcher(answer).find())) {
            add(path + ": " + answer);
        }
    }

    void notGrpc() {
        count("no gRPC");
    }

    void hungUp() {
        count("HTTP hung up");
    }

    private void count(String answer) {
        answers.computeIfAbsent(answer, key -> new LongAdder()).increment();
    }

    private void add(String finding) {
        if (bad.size() < MAX_KEPT) {
            bad.add(finding.substring(0, Math.min(finding.length(), 1500)));
        }
    }

    List<String> bad() {
        return List.copyOf(bad);
    }

    /** How often each answer came. */
    Map<String, Long> answers() {
        Map<String, Long> sums = new TreeMap<>();
        answers.forEach((answer, count) -> sums.put(answer, count.sum()));
        return sums;
    }

    @Override
    public void close() {
        root.detachAppender(appender);
        julRoot.removeHandler(handler);
    }
}
