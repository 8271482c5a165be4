public import DVLADiagnostics

/// What stands at `path`, and would be gone once an output takes its place: the file of that name,
/// or all that a folder of that name holds. A path that leads nowhere stands for itself.
///
/// - Throws: `file.permission`, `file.read` for a folder that cannot be listed.
public func filesStanding(at path: String) throws(WeightsError) -> [String] {
  guard (try? InputFolder.isFolder(path)) == true else { return [path] }
  let folder = try InputFolder(path: path)
  return try folder.names().map(folder.path(of:))
}
