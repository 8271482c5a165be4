import ArgumentParser
import DVLABundles
import DVLADiagnostics
import DVLAJSON
import DepthVLAWeights

/// `depthvla verify`.
struct VerifyCommand: OutputCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Check every byte of a bundle and compare it with its sources.",
    usage: "depthvla verify <bundle> [--against <path> ...] [<options>]",
    discussion: """
      Examples:
        depthvla verify robot.dvla.safetensors
        depthvla verify robot.dvla.safetensors \\
          --against paligemma-3b-pt-224 dinov2-large
        depthvla verify robot.dvla.safetensors --public-key key.pub.pem \\
          --minimum-release 7

      --against lists every source that the bundle was made from. Each tensor is converted again \
      and compared bit for bit, and the loss is measured. Assets are compared with the files \
      beside the weights. With --public-key the bundle must be signed with one of the keys, and \
      the SHA-256 of the file is checked too. With --require-gate a passed gate must have been \
      signed with one of the keys. The exit status is 1 if sources and bundle differ, the \
      signature or the gate cannot be trusted or a tensor holds NaN or infinity. It is 65 if the \
      bundle is damaged.
      """)

  @Argument(help: "The bundle.")
  var bundle: String

  @OptionGroup(title: "Checks") var checks: Checks
  @OptionGroup(title: "Trust") var trust: TrustOptions
  @OptionGroup var output: OutputOptions

  /// What is checked besides the bytes of the bundle.
  struct Checks: ParsableArguments {
    @Option(
      name: .customLong("against"), parsing: .upToNextOption,
      help: ArgumentHelp("The checkpoints that it was made from.", valueName: "path"))
    var sources: [String] = []

    @Flag(help: "Accept tensors that hold NaN or infinity.")
    var allowNonFinite = false
  }

  func run() throws {
    let line = output.progress()
    defer { line?.finish() }
    // Both before the bundle is opened, so that damage of the bundle they are of is reported as
    // damage.
    let policy = try trust.policy()
    let signature = try policy.signature(ofBundle: bundle, in: trust.signature)
    let gate = try policy.gate(ofBundle: bundle)
    let opened = try WeightBundle(path: bundle)
    try signature?.check(root: opened.root)
    try gate?.check(root: opened.root)
    let total = opened.byteCount
    let verification = try opened.verify(threads: output.threadCount) { done in
      line?.update(
        WorkProgress(phase: "verify", doneByteCount: done, totalByteCount: total))
    }
    if verification.isIntact, signature != nil || gate != nil {
      let hash = try opened.fileHash { done in
        line?.update(WorkProgress(phase: "hash", doneByteCount: done, totalByteCount: total))
      }
      try signature?.check(fileHash: hash)
      try gate?.check(fileHash: hash)
    }
    var comparison: BundleComparison?
    if verification.isIntact, !checks.sources.isEmpty {
      let library = try output.library()
      let imported = try BundleComparison.sources(at: checks.sources, of: opened, library: library)
      comparison = try BundleComparison.compare(
        opened, against: imported, library: library, threads: output.threadCount,
        progress: { line?.update($0) })
    }
    line?.finish()
    let report = VerificationReport(
      path: bundle, verification: verification, signature: signature, gate: gate,
      comparison: comparison)
    try output.write(report.json, words: report.words)
    if let damage = verification.damages.first {
      Console.write("depthvla: \(damage.error)\n", to: .error)
      throw ExitCode(WeightsError.Kind.malformed.rawValue)
    }
    if !checks.allowNonFinite, let values = verification.nonFinite.first {
      Console.write("depthvla: \(values.error(in: bundle))\n", to: .error)
      throw ExitCode(WeightsError.Kind.checkFailed.rawValue)
    }
    if let comparison, !comparison.isEqual {
      throw ExitCode(WeightsError.Kind.checkFailed.rawValue)
    }
  }
}
