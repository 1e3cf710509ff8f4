package io.hypervisor.agent.driver.libvirt;

import org.w3c.dom.Element;
import org.xml.sax.InputSource;
import org.xml.sax.SAXException;

import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import javax.xml.stream.XMLOutputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamWriter;

/** An XML element; every value is escaped when it is written. */
record Xml(String name, Map<String, String> attributes, List<Xml> children, String text) {

    static Xml of(String name, Map<String, String> attributes, Xml... children) {
        return new Xml(name, attributes, List.of(children), "");
    }

    static Xml of(String name, Xml... children) {
        return of(name, Map.of(), children);
    }

    static Xml of(String name, List<Xml> children) {
        return new Xml(name, Map.of(), List.copyOf(children), "");
    }

    static Xml text(String name, Object text) {
        return new Xml(name, Map.of(), List.of(), String.valueOf(text));
    }

    static Xml text(String name, Map<String, String> attributes, Object text) {
        return new Xml(name, attributes, List.of(), String.valueOf(text));
    }

    Xml with(Optional<Xml> child) {
        List<Xml> all = new ArrayList<>(children);
        child.ifPresent(all::add);
        return new Xml(name, attributes, List.copyOf(all), text);
    }

    /** Indented by two spaces. */
    @Override
    public String toString() {
        StringWriter out = new StringWriter();
        try {
            write(XMLOutputFactory.newDefaultFactory().createXMLStreamWriter(out), "");
        } catch (XMLStreamException e) {
            throw new IllegalStateException("cannot write " + name, e);
        }
        return out.toString();
    }

    private void write(XMLStreamWriter out, String indent) throws XMLStreamException {
        boolean empty = children.isEmpty() && text.isEmpty();
        out.writeCharacters(indent);
        if (empty) {
            out.writeEmptyElement(name);
        } else {
            out.writeStartElement(name);
        }
        // Sorted, so that equal elements are equal text.
        for (String key : attributes.keySet().stream().sorted().toList()) {
            out.writeAttribute(key, legal(attributes.get(key)));
        }
        if (!empty) {
            out.writeCharacters(children.isEmpty() ? legal(text) : "\n");
            for (Xml child : children) {
                child.write(out, indent + "  ");
            }
            out.writeCharacters(children.isEmpty() ? "" : indent);
            out.writeEndElement();
        }
        out.writeCharacters("\n");
        out.flush();
    }

    /** XML has no way to write most control characters, not even escaped. */
    private static String legal(String text) {
        StringBuilder out = new StringBuilder(text.length());
        text.codePoints()
                .forEach(
                        c -> {
                            boolean control = c < 0x20 && c != '\t' && c != '\n' && c != '\r';
                            boolean half = c >= 0xD800 && c <= 0xDFFF;
                            boolean none = c == 0xFFFE || c == 0xFFFF;
                            out.appendCodePoint(control || half || none ? 0xFFFD : c);
                        });
        return out.toString();
    }

    /** The root element of a text that libvirt or this class wrote. */
    static Element parse(String text) {
        try {
            DocumentBuilderFactory factory = DocumentBuilderFactory.newDefaultInstance();
            factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
            factory.setNamespaceAware(false);
            return factory.newDocumentBuilder()
                    .parse(new InputSource(new StringReader(text)))
                    .getDocumentElement();
        } catch (ParserConfigurationException | SAXException | IOException e) {
            throw new IllegalArgumentException("not XML: " + e.getMessage(), e);
        }
    }
}
