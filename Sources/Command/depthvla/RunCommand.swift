import ArgumentParser
import DVLABundles
import DVLADiagnostics
import DVLAFamilies
import DVLAImages
import DVLAJSON
import DepthVLAWeights

/// `depthvla run`.
struct RunCommand: OutputCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Runs a bundle: actions of a robot, or the depth of pictures.",
    discussion: """
      Examples:
        depthvla run robot.dvla.safetensors --image base.png --image wrist.png \\
          --instruction "pick up the cup" --state state.json \\
          --actions chunk.json -o depth
        depthvla run depth.dvla.safetensors --image kitchen.jpg -o kitchen-depth.png
        depthvla run depth.dvla.safetensors --image photos \\
          --png16 labels --raw values

      DepthVLA and pi0 take a picture of each camera, in the order of training, an instruction \
      and a state, and give a chunk of actions; DepthVLA gives the depth each camera sees too. \
      Leave out a camera that is missing. Of one camera -o, --png16 and --raw are files, of \
      several folders with camera0, camera1, … in them.

      Depth Anything V2 takes one picture, or a folder of .png, .jpg and .jpeg files, which makes \
      folders with the pictures' names.

      16-bit values are stretched from the least depth to the greatest; of a metric model they \
      are millimetres, or 1/256 m where it sees further than 65 m, and coarser beyond 255 m. The \
      file and the report say which.
      """)

  @Argument(help: "The bundle.")
  var bundle: String

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "PNG or JPEG files, one for each camera; for Depth Anything one, or a folder.",
      valueName: "path"))
  var image: [String] = []

  @OptionGroup(title: "Policy options") var policy: PolicyOptions
  @OptionGroup(title: "Depth options") var depth: DepthOptions
  @OptionGroup(title: "Trust") var trust: TrustOptions

  @Flag(
    help: """
      Use the tensors of a bundle made with --store where they lie in the file. Nobody may write to \
      the file in place meanwhile.
      """)
  var map = false

  @OptionGroup var products: ProductOptions

  @Flag(help: "Replace outputs that exist.")
  var force = false

  @OptionGroup var output: OutputOptions

  func validate() throws {
    if image.isEmpty { throw ValidationError("expected --image PATH") }
  }

  func run() throws {
    let start = ContinuousClock.now
    try InputsOfCommand(trust.inputs(ofBundle: bundle))
      .protect(
        from: [policy.actions, depth.picture, depth.png16, depth.raw], replacingFolders: true)
    let opened = try WeightBundle(
      path: bundle, trust: try trust.policy(), signatureFile: trust.signature, mapping: map)
    switch Family(rawValue: opened.documents.family) {
    case .depthvla, .pi0: try act(opened, since: start)
    case .depthAnythingV2: try estimateDepth(opened)
    case .paligemma, .dinov2, nil:
      throw WeightsError(
        .runFamily, .usage, file: bundle,
        "expected a depthvla, pi0 or depth-anything-v2 bundle, found "
          + opened.documents.family.quoted)
    }
  }

  private func act(_ bundle: WeightBundle, since start: ContinuousClock.Instant) throws {
    if let name = depth.firstOfDepthAnythingAlone {
      throw WeightsError(
        .commandUsage, .usage,
        "\(name) is for Depth Anything, \(bundle.path) is of "
          + bundle.documents.family)
    }
    guard policy.instruction?.unicodeScalars.contains("\u{FFFD}") != true else {
      throw WeightsError(.commandUsage, .usage, "--instruction: expected text in UTF-8")
    }
    guard let instruction = policy.instruction, let state = policy.state else {
      throw WeightsError(
        .commandUsage, .usage, file: bundle.path,
        "a bundle of \(bundle.documents.family) acts: expected "
          + (policy.instruction == nil ? "--instruction TEXT" : "--state FILE"))
    }
    var options = policy.options
    options.products = products.products
    options.overwrite = force
    options.threads = output.threadCount
    options.start = start
    let line = output.progress()
    defer { line?.finish() }
    let run = try PolicyRunner(bundle, options: options).run(
      on: PolicyRunner.Observation(images: image, instruction: instruction, state: state),
      writing: PolicyRunner.Outputs(actions: policy.actions, depth: depth.outputs)
    ) { line?.update("act", done: $0, of: $1, noun: "parts of the forward") }
    line?.finish()
    let report = PolicyReport(run, bundle: bundle.path)
    try output.write(report.json, words: report.words(actionsFile: policy.actions))
  }

  private func estimateDepth(_ bundle: WeightBundle) throws {
    if let name = policy.first {
      throw WeightsError(
        .commandUsage, .usage,
        "\(name) is for policies, \(bundle.path) is of "
          + bundle.documents.family)
    }
    guard image.count == 1 else {
      throw WeightsError(
        .commandUsage, .usage,
        "expected one picture, or a folder of them, for a bundle of depth-anything-v2, found "
          + "\(image.count)")
    }
    guard !depth.outputs.isEmpty else {
      throw WeightsError(.commandUsage, .usage, "expected -o, --png16 or --raw")
    }
    var options = DepthRunner.Options()
    options.inputSize = depth.inputSize
    options.products = products.products
    options.skipsDamaged = depth.skipDamaged
    options.overwrite = force
    options.threads = output.threadCount
    let line = output.progress()
    defer { line?.finish() }
    let run = try DepthRunner(bundle, options: options)
      .run(on: image[0], writing: depth.outputs) {
        line?.update("depth", done: $0, of: $1, noun: "pictures")
      }
    line?.finish()
    let report = DepthReport(run, bundle: bundle.path)
    try output.write(report.json, words: report.words(showsScale: depth.png16 != nil))
  }
}
