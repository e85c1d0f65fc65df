import Configuration

extension ServeCommand {
    /// What was said on the command line, by configuration key.
    var flags: [AbsoluteConfigKey: ConfigValue] {
        var values: [AbsoluteConfigKey: ConfigValue] = [:]
        func set(_ key: String, _ value: String?) {
            if let value { values[[key]] = ConfigValue(.string(value), isSecret: false) }
        }
        func set(_ key: String, _ value: Int?) {
            if let value { values[[key]] = ConfigValue(.int(value), isSecret: false) }
        }
        // As a string it would be taken for no boolean, and the default for what was asked for.
        func set(_ key: String, _ value: Bool?) {
            if let value { values[[key]] = ConfigValue(.bool(value), isSecret: false) }
        }
        set("dataDir", dataDir)
        set("listen", listen)
        set("insecureListen", insecureListen)
        set("registryListen", registryListen)
        set("internalRegistryHostname", internalRegistryHostname)
        set("publicRegistryHostname", publicRegistryHostname)
        set("registryDeleteUsed", registryDeleteUsed)
        set("registryDeniedStatus", registryDeniedStatus)
        set("registryCatalog", registryCatalog)
        set("registryNestedNames", registryNestedNames)
        set("registryTokenRealm", registryTokenRealm)
        set("registryDeletion", registryDeletion)
        set("registryMountWithoutSource", registryMountWithoutSource)
        set("registryURL", registryURL)
        set("registryRelativeReferences", registryRelativeReferences)
        set("registryPullThrough", registryPullThrough)
        set("registryMirror", registryMirror)
        set("registryMaxMirrorBytes", registryMaxMirrorBytes)
        set("registryMaxStagedBytes", registryMaxStagedBytes)
        if registryReadOnly { values[["registryReadOnly"]] = ConfigValue(.bool(true), isSecret: false) }
        set("registryMaxReads", registryMaxReads)
        set("registryMaxWrites", registryMaxWrites)
        set("registryMaxWaiting", registryMaxWaiting)
        set("registryMaxWaitSeconds", registryMaxWaitSeconds)
        set("registryMaxUploadsPerUser", registryMaxUploadsPerUser)
        set("registryMaxUntaggedManifests", registryMaxUntaggedManifests)
        set("registryMaxUploadsPerNamespace", registryMaxUploadsPerNamespace)
        set("importMode", importMode)
        set("scheduledImports", scheduledImports)
        set("importIntervalSeconds", importIntervalSeconds)
        set("importMinimumIntervalSeconds", importMinimumIntervalSeconds)
        set("maxScheduledImportsPerMinute", maxScheduledImportsPerMinute)
        set("registrySources", registrySources)
        set("upstreamCredentials", upstreamCredentials)
        set("upstreamCA", upstreamCa)
        if privateRedirects { values[["privateRedirects"]] = ConfigValue(.bool(true), isSecret: false) }
        set("logLevel", logLevel)
        set("auditLog", auditLog)
        set("auditPolicy", auditPolicy)
        set("imagePolicy", imagePolicy)
        set("signatureImport", signatureImport)
        set("signatureLookaside", signatureLookaside)
        set("encryptionKeyFile", encryptionKeyFile)
        set("publicURL", publicUrl)
        set("oidcConfig", oidcConfig)
        set("htpasswdFile", htpasswdFile)
        set("tokenLifetimeSeconds", tokenLifetimeSeconds)
        set("serviceAccountIssuer", serviceAccountIssuer)
        set("shutdownDelayDuration", shutdownDelayDuration)
        set("maxImagesPerRepository", maxImagesPerRepository)
        set("auditLogMaxSize", auditLogMaxSize)
        set("auditLogMaxBackups", auditLogMaxBackups)
        set("maxRequestsInflight", maxRequestsInflight)
        set("eventSeconds", eventSeconds)
        set("eventSinkSeconds", eventSinkSeconds)
        if eventSinkLoopback { values[["eventSinkLoopback"]] = ConfigValue(.bool(true), isSecret: false) }
        set("maxEvents", maxEvents)
        set("retentionIntervalSeconds", retentionIntervalSeconds)
        set("gcIntervalSeconds", gcIntervalSeconds)
        set("gcWindow", gcWindow)
        set("gcCacheBytes", gcCacheBytes)
        set("gcCacheNamespaceBytes", gcCacheNamespaceBytes)
        set("scrubIntervalSeconds", scrubIntervalSeconds)
        set("scrubBytesPerSecond", scrubBytesPerSecond)
        set("gcGraceSeconds", gcGraceSeconds)
        set("gcCacheSeconds", gcCacheSeconds)
        if gcUnsafeGrace { values[["gcUnsafeGrace"]] = ConfigValue(.bool(true), isSecret: false) }
        set("maxMutatingRequestsInflight", maxMutatingRequestsInflight)
        if imagePolicyPublic { values[["imagePolicyPublic"]] = ConfigValue(.bool(true), isSecret: false) }
        if registryInsecure { values[["registryInsecure"]] = ConfigValue(.bool(true), isSecret: false) }
        if !certificateHost.isEmpty {
            values[["certificateHosts"]] = ConfigValue(.stringArray(certificateHost), isSecret: false)
        }
        if !registryTrustedProxy.isEmpty {
            values[["registryTrustedProxies"]] = ConfigValue(.stringArray(registryTrustedProxy), isSecret: false)
        }
        if !registryMirroredHost.isEmpty {
            values[["registryMirroredHosts"]] = ConfigValue(.stringArray(registryMirroredHost), isSecret: false)
        }
        if let historySeconds { values[["historySeconds"]] = ConfigValue(.int(historySeconds), isSecret: false) }
        return values
    }
}
