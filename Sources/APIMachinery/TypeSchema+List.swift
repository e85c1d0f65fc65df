extension TypeSchema {
    /// The list of objects of this type: every list of the API has this form, whether it is declared or not.
    public var list: TypeSchema {
        TypeSchema(
            name: name + "List", goType: goType + "List", openAPIName: openAPIName + "List",
            groupVersionKind: groupVersionKind.map {
                GroupVersionKind(group: $0.group, version: $0.version, kind: $0.kind + "List")
            },
            documentation: "Objects of kind \(name).",
            fields: [
                FieldSchema(
                    name: "metadata", type: .object(ListMeta.schema), output: .always, protobuf: [1],
                    documentation: "Revision and paging."),
                FieldSchema(
                    name: "items", type: .list(.object(self)), output: .always, isRequired: true, protobuf: [2],
                    documentation: "The objects."),
            ])
    }
}
