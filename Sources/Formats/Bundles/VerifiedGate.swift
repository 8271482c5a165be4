public import DVLADiagnostics
public import DVLAGates
public import DVLAHashing
public import DVLASigning

/// Which passed gate a bundle needs.
public struct GateRequirement: Sendable {
  /// One of these signed the statement. They may be others than those of bundles.
  public var keys: [PublicKey]
  /// The gate's budget is no weaker than this one; nil: any will do.
  public var budget: Budget?
  /// The gate ran on these observations; nil: on any.
  public var observations: Digest?
  /// The file of the statement; nil: beside the bundle.
  public var file: String?

  public init(
    keys: [PublicKey], budget: Budget? = nil, observations: Digest? = nil, file: String? = nil
  ) {
    self.keys = keys
    self.budget = budget
    self.observations = observations
    self.file = file
  }
}

/// A statement that a trusted key made of a bundle that passed a gate. ``check(root:)`` and
/// ``check(fileHash:)`` decide whether it is about this bundle.
public struct VerifiedGate: Sendable {
  /// The file of the statement.
  public let path: String
  public let key: PublicKey
  public let statement: GateStatement

  /// Reads and verifies the statement about a bundle, before a byte of the bundle is read.
  ///
  /// - Throws: `gate.missing` when none lies beside the bundle; as ``GateFile/init(_:)-([UInt8])``
  ///   and ``GateFile/verify(trusting:)``; `gate.failed`, `gate.weaker-budget`,
  ///   `gate.observations`; `file.*`.
  public init(
    ofBundle bundle: String, under requirement: GateRequirement
  ) throws(WeightsError) {
    let path = requirement.file ?? GateFile.path(ofBundle: bundle)
    self.path = path
    let companion = BundleCompanion(bundle: bundle, path: path, isNamed: requirement.file != nil)
    let bytes = try companion.read(limit: GateFile.byteCountLimit) {
      WeightsError(
        .gateMissing, .checkFailed, file: bundle,
        "has no statement of a passed gate: the file \(path.quoted) does not exist")
    }
    do throws(WeightsError) {
      (statement, key) = try GateFile(bytes).verify(trusting: requirement.keys)
      try statement.check(meets: requirement)
    } catch {
      throw error.inFile(path)
    }
  }

  /// - Throws: `gate.other-bundle` when the root hash of the statement is another.
  public func check(root: Digest) throws(WeightsError) {
    guard statement.subject.root != root else { return }
    throw WeightsError(
      .gateOtherBundle, .checkFailed, file: path,
      "is about another bundle, \(statement.subject.name.quoted): its root hash is "
        + "\(statement.subject.root), this bundle's is \(root)")
  }

  /// - Throws: `gate.file-hash` when the root hash was right and the file is another all the same.
  public func check(fileHash: Digest) throws(WeightsError) {
    guard statement.subject.fileHash != fileHash else { return }
    throw WeightsError(
      .gateFileHash, .checkFailed, file: path,
      "names the right root hash but another SHA-256 of the whole file: "
        + "\(statement.subject.fileHash), the file has \(fileHash)")
  }
}

extension GateStatement {
  fileprivate func check(meets requirement: GateRequirement) throws(WeightsError) {
    guard passed else {
      let broken = judgements.filter { !$0.passed }
      throw WeightsError(
        .gateFailed, .checkFailed,
        "states that the bundle did not pass: " + (broken.first?.failure ?? "no limit")
          + (broken.count > 1 ? ", and \(broken.count - 1) more" : ""),
        details: broken.dropFirst().prefix(20).map(\.failure))
    }
    if let gap = requirement.budget.flatMap(budget.firstGap) {
      throw WeightsError(
        .gateWeakerBudget, .checkFailed,
        "was judged under a budget that is weaker than the one asked for: \(gap)")
    }
    if let asked = requirement.observations, observations.digest != asked {
      throw WeightsError(
        .gateObservations, .checkFailed,
        "was judged on other observations: their digest is \(observations.digest), expected "
          + "\(asked)")
    }
  }
}
