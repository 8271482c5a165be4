public import DVLADiagnostics
import DVLAFiles
import DVLAModels
public import DVLAParity

/// The goldens that were named, and those of them that are for one model.
public struct GoldenSelection {
  /// Opens goldens, and all of folders; none for no path.
  ///
  /// - Throws: `file.not-found`, also for a folder without goldens; what opening a golden throws.
  public static func open(_ paths: [String]) throws(WeightsError) -> [Golden] {
    paths.isEmpty ? [] : try GoldenSelection(paths).goldens
  }

  private struct Candidate {
    let golden: Golden
    /// The folder it was found in; nil where the file itself was named.
    let folder: String?
  }

  private var candidates: [Candidate]
  private let folders: [String]
  private(set) var skipped: [ParityCheck.Skipped] = []

  var goldens: [Golden] { candidates.map(\.golden) }

  /// Opens goldens, and all `.safetensors` files of folders.
  ///
  /// - Throws: `golden.empty` for no path, `file.not-found`, also for a folder without goldens;
  ///   what opening a golden throws.
  init(_ paths: [String]) throws(WeightsError) {
    guard !paths.isEmpty else {
      throw WeightsError(.goldenEmpty, .usage, "expected a golden, found none")
    }
    var candidates: [Candidate] = []
    var folders: [String] = []
    for path in paths {
      guard try InputFolder.isFolder(path) else {
        // A golden that is named twice counts once.
        var isKnown = false
        for known in candidates where known.folder == nil {
          if try isSameFile(known.golden.path, path) { isKnown = true }
        }
        if isKnown { continue }
        candidates.append(Candidate(golden: try Golden(path: path), folder: nil))
        continue
      }
      let folder = try InputFolder(path: path)
      let names = try folder.names().filter { $0.hasSuffix(".safetensors") }
      guard !names.isEmpty else {
        throw WeightsError(
          .fileNotFound, .notFound, file: path, "no .safetensors file in this folder")
      }
      for name in names {
        candidates.append(
          Candidate(golden: try Golden(path: folder.path(of: name)), folder: path))
      }
      folders.append(path)
    }
    self.candidates = candidates
    self.folders = folders
  }

  /// Puts aside what is not for the model.
  ///
  /// - Throws: `golden.unfit` when the file itself was named, or a folder has none that is.
  mutating func sort(
    for subject: ParitySubject, _ ablation: RequestedAblation, model: (any Model)? = nil
  ) throws(WeightsError) {
    var kept: [Candidate] = []
    for candidate in candidates {
      let misfit = candidate.golden.misfit(
        family: subject.family, configuration: subject.configuration, ablation: ablation,
        inputs: try model?.ablated(ablation.settled(by: candidate.golden)).inputs)
      guard let misfit else {
        kept.append(candidate)
        continue
      }
      guard candidate.folder != nil else {
        throw WeightsError(.goldenUnfit, file: candidate.golden.path, misfit)
      }
      skipped.append(ParityCheck.Skipped(path: candidate.golden.path, reason: misfit))
    }
    candidates = kept
    for folder in folders where !kept.contains(where: { $0.folder == folder }) {
      throw WeightsError(
        .goldenUnfit, file: folder, "none of the goldens in this folder is for \(subject.path)",
        details: skipped.map { "\($0.path): \($0.reason)" })
    }
  }
}
