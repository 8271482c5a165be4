public import DVLADiagnostics
public import DVLAGates
import DVLAHashing

extension GateReport {
  /// What the gate found, to be signed.
  ///
  /// - Throws: as ``GateStatement``'s initialiser; `gate.statement` for a report without the hashes
  ///   of the candidate.
  public func statement() throws(WeightsError) -> GateStatement {
    guard let root = candidate.root.flatMap(Digest.init(hex:)),
      let fileHash = candidate.sha256.flatMap(Digest.init(hex:)),
      let observations = observationsDigest.flatMap(Digest.init(hex:))
    else {
      throw WeightsError(
        .gateStatement, .usage, file: candidate.path,
        "a statement is about what a robot does: expected observations, found only goldens")
    }
    return try GateStatement(
      subject: .init(name: Self.name(of: candidate.path), fileHash: fileHash, root: root),
      budget: budget, judgements: judgements,
      reference: .init(
        name: Self.names(of: reference.path), family: reference.family,
        root: reference.root.flatMap(Digest.init(hex:)), files: referenceFiles),
      observations: .init(
        digest: observations, count: self.observations.count, seedCount: seedCount),
      goldens: goldens.compactMap { golden in
        Digest(hex: golden.sha256).map { .init(name: Self.name(of: golden.path), sha256: $0) }
      },
      products: candidate.products, tool: "depthvla \(ToolVersion.current)")
  }

  /// The file of a reference bundle, or the files of its checkpoints.
  private var referenceFiles: [GateStatement.File] {
    if let sha256 = reference.sha256.flatMap(Digest.init(hex:)) {
      return [.init(name: Self.name(of: reference.path), sha256: sha256)]
    }
    return reference.sources.compactMap { source in
      Digest(hex: source.sha256).map { .init(name: Self.name(of: source.path), sha256: $0) }
    }
  }

  /// Of one path, or of several with commas between them, as checkpoints have them.
  private static func names(of paths: String) -> String {
    paths.split(separator: ", ").map { name(of: String($0)) }.joined(separator: ", ")
  }

  private static func name(of path: String) -> String {
    String(path.split(separator: "/").last ?? "")
  }
}
