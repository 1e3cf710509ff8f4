package io.hypervisor.console;

import com.google.protobuf.ByteString;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.Descriptors.DescriptorValidationException;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.Descriptors.MethodDescriptor;
import com.google.protobuf.Descriptors.ServiceDescriptor;
import com.google.protobuf.InvalidProtocolBufferException;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.reflection.v1.ServiceResponse;
import io.grpc.stub.StreamObserver;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

/** Asks a server what it serves. */
final class Reflection {
    private final Session session;
    private final Map<String, FileDescriptorProto> protos = new HashMap<>();
    private final Map<String, FileDescriptor> files = new HashMap<>();

    Reflection(Session session) {
        this.session = session;
    }

    /** All methods of all services, by full name. */
    List<MethodDescriptor> methods() {
        ServerReflectionResponse answer =
                ask(ServerReflectionRequest.newBuilder().setListServices("*").build());
        List<MethodDescriptor> methods = new ArrayList<>();
        for (ServiceResponse service : answer.getListServicesResponse().getServiceList()) {
            methods.addAll(service(service.getName()).getMethods());
        }
        methods.sort(Comparator.comparing(MethodDescriptor::getFullName));
        return methods;
    }

    /**
     * The method of that name: "package.Service/Method", "Service/Method" or "Method", with a dot
     * as good as the slash.
     *
     * @throws Problem if there is none, or more than one
     */
    MethodDescriptor method(String named) {
        String wanted = "." + named.replace('/', '.');
        List<MethodDescriptor> methods = methods();
        List<MethodDescriptor> found =
                methods.stream().filter(m -> ("." + m.getFullName()).endsWith(wanted)).toList();
        if (found.size() == 1) {
            return found.getFirst();
        }
        if (found.size() > 1) {
            throw new Problem(
                    Problem.USAGE,
                    "several methods are called " + named,
                    found.stream().map(Reflection::path).toList(),
                    "one of them with its service");
        }
        String last = named.substring(Math.max(named.lastIndexOf('/'), named.lastIndexOf('.')) + 1);
        throw Problem.usage(
                "no method " + named,
                Nearest.to(last, methods.stream().map(MethodDescriptor::getName).toList())
                        .map(near -> "did you mean " + near + "?")
                        .orElse("hvctl query to list them"));
    }

    /** "package.Service/Method". */
    static String path(MethodDescriptor method) {
        return method.getService().getFullName() + "/" + method.getName();
    }

    private ServiceDescriptor service(String name) {
        ServerReflectionResponse answer =
                ask(ServerReflectionRequest.newBuilder().setFileContainingSymbol(name).build());
        String first = keep(answer);
        ServiceDescriptor service =
                file(first).findServiceByName(name.substring(name.lastIndexOf('.') + 1));
        if (service == null) {
            throw Problem.failed(session.server() + " does not describe its service " + name, "");
        }
        return service;
    }

    private FileDescriptor file(String name) {
        FileDescriptor built = files.get(name);
        if (built != null) {
            return built;
        }
        if (!protos.containsKey(name)) {
            keep(ask(ServerReflectionRequest.newBuilder().setFileByFilename(name).build()));
        }
        FileDescriptorProto proto = protos.get(name);
        if (proto == null) {
            throw Problem.failed(session.server() + " does not give its file " + name, "");
        }
        FileDescriptor[] needed =
                proto.getDependencyList().stream().map(this::file).toArray(FileDescriptor[]::new);
        try {
            FileDescriptor file = FileDescriptor.buildFrom(proto, needed);
            files.put(name, file);
            return file;
        } catch (DescriptorValidationException e) {
            throw Problem.failed("the server's file " + name + " is wrong: " + e.getMessage(), "");
        }
    }

    /** Keeps the files of an answer and returns the name of the first. */
    private String keep(ServerReflectionResponse answer) {
        String first = "";
        try {
            for (ByteString bytes :
                    answer.getFileDescriptorResponse().getFileDescriptorProtoList()) {
                FileDescriptorProto proto = FileDescriptorProto.parseFrom(bytes);
                protos.put(proto.getName(), proto);
                first = first.isEmpty() ? proto.getName() : first;
            }
        } catch (InvalidProtocolBufferException e) {
            throw Problem.failed("the server's files cannot be read: " + e.getMessage(), "");
        }
        return first;
    }

    private ServerReflectionResponse ask(ServerReflectionRequest request) {
        CompletableFuture<ServerReflectionResponse> answer = new CompletableFuture<>();
        StreamObserver<ServerReflectionRequest> call =
                ServerReflectionGrpc.newStub(session.channel())
                        .withDeadlineAfter(session.callTimeout().toNanos(), TimeUnit.NANOSECONDS)
                        .serverReflectionInfo(
                                new StreamObserver<>() {
                                    @Override
                                    public void onNext(ServerReflectionResponse value) {
                                        answer.complete(value);
                                    }

                                    @Override
                                    public void onError(Throwable thrown) {
                                        answer.completeExceptionally(thrown);
                                    }

                                    @Override
                                    public void onCompleted() {
                                        answer.completeExceptionally(
                                                Status.UNIMPLEMENTED
                                                        .withDescription("no reflection")
                                                        .asRuntimeException());
                                    }
                                });
        call.onNext(request);
        call.onCompleted();
        try {
            ServerReflectionResponse response = answer.get();
            if (response.hasErrorResponse()) {
                throw Status.fromCodeValue(response.getErrorResponse().getErrorCode())
                        .withDescription(response.getErrorResponse().getErrorMessage())
                        .asRuntimeException();
            }
            return response;
        } catch (ExecutionException e) {
            throw e.getCause() instanceof StatusRuntimeException status
                    ? status
                    : Status.fromThrowable(e.getCause()).asRuntimeException();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw Status.CANCELLED.withCause(e).asRuntimeException();
        }
    }
}
