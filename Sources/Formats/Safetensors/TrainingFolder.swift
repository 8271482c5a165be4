import DVLADiagnostics
import DVLAFiles

/// The folder of a training run, in which the checkpoint lies some folders below.
///
/// lerobot writes `outputs/train/NAME/checkpoints/020000/pretrained_model`, with a link `last` to
/// the newest step. Whatever part of that path is given, the rest is followed, where there is one
/// way only.
enum TrainingFolder {
  private static let model = "pretrained_model"
  private static let steps = "checkpoints"
  private static let last = "last"
  private static let suffix = ".safetensors"

  /// The folder that holds the checkpoint: the given one, or one below it.
  ///
  /// - Throws: `checkpoint.steps` where there are several and the run names no last one; what
  ///   ``InputFolder`` throws.
  static func follow(_ folder: InputFolder) throws(WeightsError) -> InputFolder {
    var folder = folder
    // Below a run are steps, below a step is the model.
    for _ in 0..<3 {
      guard let next = try below(folder) else { break }
      folder = next
    }
    return folder
  }

  private static func below(_ folder: InputFolder) throws(WeightsError) -> InputFolder? {
    let names = try folder.names()
    // Weights or their index: this is the checkpoint, even if the folder has more.
    if names.contains(where: { $0.hasSuffix(suffix) || $0.hasSuffix(suffix + ".index.json") }) {
      return nil
    }
    for name in [model, steps] where names.contains(name) {
      if let next = try folder.folder(name) { return next }
    }
    return try step(in: folder, names)
  }

  private static func step(
    in folder: InputFolder, _ names: [String]
  ) throws(WeightsError) -> InputFolder? {
    if names.contains(last), let next = try folder.folderOrLinkBeside(last) { return next }
    var numbered: [InputFolder] = []
    for name in names where isNumber(name[...]) {
      guard let step = try folder.folder(name), try step.contains(model) else { continue }
      numbered.append(step)
    }
    if numbered.count == 1 { return numbered[0] }
    // What transformers' Trainer writes.
    var trainer: [String] = []
    for name in names where name.hasPrefix("checkpoint-") && isNumber(name.dropFirst(11)) {
      if try folder.folder(name) != nil { trainer.append(name) }
    }
    let found = numbered.map { $0.path.splitAtLastComponent.name } + trainer
    guard let first = found.first else { return nil }
    throw WeightsError(
      .checkpointSteps, .usage, file: folder.path,
      "is the folder of a training run with \(found.count) checkpoint\(found.count == 1 ? "" : "s") "
        + "(\(found.listed)): give the path of one, such as "
        + folder.path(of: first).quoted,
      details: found)
  }

  private static func isNumber(_ text: Substring) -> Bool {
    !text.isEmpty && text.utf8.count <= 12 && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
  }
}
