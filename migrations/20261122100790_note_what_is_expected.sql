-- How the migrations leave the project, for `rivulet doctor`. Every later migration ends with this line, too.
select rivulet.note_expected();
