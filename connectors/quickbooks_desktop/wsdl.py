"""Describes our service to a SOAP client, from the one table of its operations."""

from xml.etree.ElementTree import Element, SubElement, indent, tostring

from connectors.quickbooks_desktop.operations import OPERATIONS, Operation
from connectors.quickbooks_desktop.soap import SERVICE

NAME = "QBWebConnectorSvc"
_ARRAY = "ArrayOfString"


def describe(address: str) -> bytes:
    """The WSDL of the service at `address`."""
    root = Element(
        "wsdl:definitions",
        {
            "xmlns:wsdl": "http://schemas.xmlsoap.org/wsdl/",
            "xmlns:soap": "http://schemas.xmlsoap.org/wsdl/soap/",
            "xmlns:s": "http://www.w3.org/2001/XMLSchema",
            "xmlns:tns": SERVICE,
            "targetNamespace": SERVICE,
        },
    )
    _types(SubElement(root, "wsdl:types"))
    for operation in OPERATIONS:
        _messages(root, operation)
    port_type = SubElement(root, "wsdl:portType", {"name": f"{NAME}Soap"})
    for operation in OPERATIONS:
        offered = SubElement(port_type, "wsdl:operation", {"name": operation.name})
        SubElement(offered, "wsdl:input", {"message": f"tns:{operation.name}SoapIn"})
        SubElement(offered, "wsdl:output", {"message": f"tns:{operation.name}SoapOut"})
    _binding(root)
    service = SubElement(root, "wsdl:service", {"name": NAME})
    port = SubElement(service, "wsdl:port", {"name": f"{NAME}Soap", "binding": f"tns:{NAME}Soap"})
    SubElement(port, "soap:address", {"location": address})
    indent(root)
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _types(types: Element) -> None:
    schema = SubElement(
        types, "s:schema", {"elementFormDefault": "qualified", "targetNamespace": SERVICE}
    )
    for operation in OPERATIONS:
        fields = [(name, kind) for name, kind in operation.arguments]
        _wrapper(schema, operation.name, fields)
        _wrapper(
            schema, f"{operation.name}Response", [(f"{operation.name}Result", operation.result)]
        )
    array = SubElement(schema, "s:complexType", {"name": _ARRAY})
    strings = SubElement(array, "s:sequence")
    SubElement(
        strings,
        "s:element",
        {
            "minOccurs": "0",
            "maxOccurs": "unbounded",
            "name": "string",
            "nillable": "true",
            "type": "s:string",
        },
    )


def _wrapper(schema: Element, name: str, fields: list[tuple[str, type]]) -> None:
    element = SubElement(schema, "s:element", {"name": name})
    sequence = SubElement(SubElement(element, "s:complexType"), "s:sequence")
    for field, kind in fields:
        least = "1" if kind is int else "0"
        SubElement(
            sequence,
            "s:element",
            {"minOccurs": least, "maxOccurs": "1", "name": field, "type": _TYPES[kind]},
        )


_TYPES = {str: "s:string", int: "s:int", list: f"tns:{_ARRAY}"}


def _messages(root: Element, operation: Operation) -> None:
    for way, element in (("In", operation.name), ("Out", f"{operation.name}Response")):
        message = SubElement(root, "wsdl:message", {"name": f"{operation.name}Soap{way}"})
        SubElement(message, "wsdl:part", {"name": "parameters", "element": f"tns:{element}"})


def _binding(root: Element) -> None:
    binding = SubElement(root, "wsdl:binding", {"name": f"{NAME}Soap", "type": f"tns:{NAME}Soap"})
    transport = "http://schemas.xmlsoap.org/soap/http"
    SubElement(binding, "soap:binding", {"transport": transport})
    for operation in OPERATIONS:
        offered = SubElement(binding, "wsdl:operation", {"name": operation.name})
        action = {"soapAction": f"{SERVICE}{operation.name}", "style": "document"}
        SubElement(offered, "soap:operation", action)
        for way in ("input", "output"):
            SubElement(SubElement(offered, f"wsdl:{way}"), "soap:body", {"use": "literal"})
