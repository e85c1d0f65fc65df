/// Comparisons that take as long for a wrong secret as for a right one.
enum ConstantTime {
    /// Whether two secrets are the same; only whether their lengths differ can be told from the time it takes.
    static func areEqual(_ left: some Collection<UInt8>, _ right: some Collection<UInt8>) -> Bool {
        guard left.count == right.count else { return false }
        var difference: UInt8 = 0
        for (a, b) in zip(left, right) { difference |= a ^ b }
        return difference == 0
    }
}
