@echo off
rem Double click me: Hayakuchi starts, and its page opens in the browser. Close this window to end it.
setlocal DisableDelayedExpansion
title Hayakuchi
if not exist "%~dp0start-windows.ps1" goto unpack
powershell.exe -NoLogo -NoProfile -ExecutionPolicy Bypass -File "%~dp0start-windows.ps1" %*
set "CODE=%ERRORLEVEL%"
if "%CODE%"=="0" exit /b 0
echo.
echo Hayakuchi has ended with code %CODE%. What went wrong stands above.
if not defined HAYAKUCHI_NO_PAUSE pause
exit /b %CODE%

:unpack
echo The other files are missing here. Unpack the whole ZIP file first (right click, Extract All), then start me from the new folder.
if not defined HAYAKUCHI_NO_PAUSE pause
exit /b 1
