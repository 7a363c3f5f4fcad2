# Starts Hayakuchi from the folder above this one; start-windows.bat calls it. Windows PowerShell 5.1 and later.
# This file is ASCII only: Windows PowerShell reads files without a mark in the code page of the machine.
$ErrorActionPreference = 'Stop'

function Find-Uv {
    $command = Get-Command -Name 'uv.exe' -CommandType Application -ErrorAction SilentlyContinue | Select-Object -First 1
    if ($command) { return $command.Source }
    # Where its installers put it; this window does not know of a change of PATH that they have just made.
    $places = @(
        (Join-Path $env:USERPROFILE '.local\bin\uv.exe'),
        (Join-Path $env:USERPROFILE '.cargo\bin\uv.exe'),
        (Join-Path $env:LOCALAPPDATA 'Microsoft\WinGet\Links\uv.exe')
    )
    foreach ($place in $places) {
        if (Test-Path -LiteralPath $place -PathType Leaf) { return $place }
    }
    return $null
}

function Install-Uv {
    Write-Host 'Hayakuchi needs uv, which fetches Python and all packages. It is installed for you only, without administrator rights.'
    if (Get-Command -Name 'winget.exe' -CommandType Application -ErrorAction SilentlyContinue) {
        Write-Host 'Installing uv with winget ...'
        & winget.exe install --exact --id astral-sh.uv --scope user --silent --accept-package-agreements --accept-source-agreements | Out-Host
        $uv = Find-Uv
        if ($uv) { return $uv }
    }
    Write-Host 'Installing uv with its own installer (https://astral.sh/uv) ...'
    [Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor [Net.SecurityProtocolType]::Tls12
    $installer = Join-Path ([IO.Path]::GetTempPath()) ('uv-installer-' + [Guid]::NewGuid().ToString('N') + '.ps1')
    try {
        Invoke-WebRequest -UseBasicParsing -Uri 'https://astral.sh/uv/install.ps1' -OutFile $installer
        & powershell.exe -NoLogo -NoProfile -ExecutionPolicy Bypass -File $installer | Out-Host
    }
    catch {
        Write-Host ('That did not work: ' + $_.Exception.Message)
    }
    finally {
        Remove-Item -LiteralPath $installer -Force -ErrorAction SilentlyContinue
    }
    $uv = Find-Uv
    if ($uv) { return $uv }
    throw 'uv could not be installed. Install it as https://docs.astral.sh/uv/ says, then start me again.'
}

try {
    $root = Split-Path -Parent $PSScriptRoot
    if (-not (Test-Path -LiteralPath (Join-Path $root 'pyproject.toml') -PathType Leaf)) {
        throw 'The other files are missing here. Unpack the whole ZIP file first, then start me from the new folder.'
    }
    Set-Location -LiteralPath $root
    [Console]::OutputEncoding = [Text.Encoding]::UTF8
    $env:PYTHONUTF8 = '1'
    $uv = Find-Uv
    if (-not $uv) { $uv = Install-Uv }
    Write-Host 'Starting. The first time, packages are fetched, which takes some minutes. Ctrl+C ends Hayakuchi.'
    # Only what a program writes to stderr and returns tells of its failure; Windows PowerShell would take any line for one.
    $ErrorActionPreference = 'Continue'
    & $uv run --no-dev hayakuchi run @args
    $code = $LASTEXITCODE
}
catch {
    Write-Host ''
    Write-Host $_.Exception.Message
    exit 1
}
# Ended with Ctrl+C (130, or as Windows puts it): that is no failure.
if ($code -eq 130 -or $code -eq -1073741510) { exit 0 }
exit $code
