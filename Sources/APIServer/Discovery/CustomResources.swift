/// The custom resources of this server: none.
///
/// kubectl asks for them whenever it creates a kind that cannot be patched, such as an ImageStreamImport, and takes a
/// 404 for a broken server. Discovery does not show the path.
enum CustomResources {
    static let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"

    static let list = Array(
        #"{"kind":"CustomResourceDefinitionList","apiVersion":"apiextensions.k8s.io/v1","metadata":{"resourceVersion":"1"},"items":[]}"#
            .utf8)
}
